// Elegoo Centauri Carbon 2: JSON requests over MQTT, with the printer as the broker.

import type { Family } from "../family.ts";
import { frames } from "./camera.ts";
import { connect } from "./connect.ts";
import { connection, type Connection } from "./connection.ts";

export const elegooCc2: Family<Connection> = {
  title: "Elegoo Centauri Carbon 2",
  connection,
  connect,
  frames,
  fileTypes: [".gcode"],
  // Its one viewer's slot is freed late; reopening sooner finds it taken.
  cameraReopenMs: 5000,
};
