// Klipper printers behind Moonraker: JSON-RPC over WebSocket, files over HTTP.

import type { Family } from "../family.ts";
import { frames } from "./camera.ts";
import { connection, type Connection } from "./connection.ts";
import { fileTypes } from "./files.ts";
import { connect } from "./session.ts";

export const moonraker: Family<Connection> = {
  title: "Klipper with Moonraker",
  connection,
  connect,
  frames,
  fileTypes,
};
