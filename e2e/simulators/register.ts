// The register of simulators: one line per family.

import { bambuCloud } from "./bambu-cloud/simulator.ts";
import { bambu } from "./bambu/simulator.ts";
import { elegooCc1 } from "./elegoo-cc1/simulator.ts";
import { elegooCc2 } from "./elegoo-cc2/simulator.ts";
import { mjpegCamera } from "./mjpeg-camera/simulator.ts";
import { moonraker } from "./moonraker/simulator.ts";
import { octoprint } from "./octoprint/simulator.ts";
import { prusalink } from "./prusalink/simulator.ts";
import type { SimulatorDefinition } from "./simulator.ts";

export const simulators: Readonly<Record<string, SimulatorDefinition>> = {
  bambu,
  "bambu-cloud": bambuCloud,
  camera: mjpegCamera,
  "elegoo-cc1": elegooCc1,
  "elegoo-cc2": elegooCc2,
  "mjpeg-camera": mjpegCamera,
  moonraker,
  prusalink,
  octoprint,
};
