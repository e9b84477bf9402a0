// Any printer behind OctoPrint 1.11 or 2.0: REST and its push socket.

import type { Family } from "../family.ts";
import { frames } from "./camera.ts";
import { connect } from "./connect.ts";
import { connection, type Connection } from "./connection.ts";

export const octoprint: Family<Connection> = {
  title: "OctoPrint",
  connection,
  connect,
  frames,
  fileTypes: [".gcode", ".gco", ".g"],
};
