// Elegoo Centauri Carbon (1): SDCP v3 over one WebSocket.

import type { Family } from "../family.ts";
import { frames } from "./camera.ts";
import { connect } from "./connect.ts";
import { connection, type Connection } from "./connection.ts";

export const elegooCc1: Family<Connection> = {
  title: "Elegoo Centauri Carbon",
  connection,
  connect,
  frames,
  fileTypes: [".gcode"],
  // The firmware frees a camera slot late; reopening sooner finds it taken.
  cameraReopenMs: 5000,
};
