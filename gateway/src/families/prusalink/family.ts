// Prusa printers with PrusaLink: the v1 API over HTTP.

import type { Family } from "../family.ts";
import { frames } from "./camera.ts";
import { connect } from "./connect.ts";
import { connection, type Connection } from "./connection.ts";
import { fileTypes } from "./files.ts";

export const prusalink: Family<Connection> = {
  title: "Prusa with PrusaLink",
  connection,
  connect,
  frames,
  fileTypes,
};
