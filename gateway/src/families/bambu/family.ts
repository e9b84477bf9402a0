// Bambu Lab X1, P1, A1, P2S, X2D and H2: JSON over MQTT and TLS with the printer as the broker, files
// by FTPS, the camera by JPEGs or RTSP.

import type { Family } from "../family.ts";
import { frames } from "./camera/camera.ts";
import { login } from "./cloud/login.ts";
import { connect } from "./connect.ts";
import { connection, type Connection } from "./connection.ts";
import { discover } from "./discovery/discovery.ts";
import { video } from "./camera/video.ts";

export const bambu: Family<Connection> = {
  title: "Bambu Lab",
  connection,
  connect,
  frames,
  video,
  discover,
  login,
  loginKey: "cloud_token_file",
  fileTypes: [".3mf", ".gcode", ".stl"],
  // Its one viewer's place is freed late; reopening sooner finds it taken.
  cameraReopenMs: 5000,
};
