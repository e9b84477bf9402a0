// The register of printer families: one line each, the id as the inventory writes it.

import { bambu } from "./bambu/family.ts";
import { camera } from "./camera/family.ts";
import { elegooCc1 } from "./elegoo-cc1/family.ts";
import { elegooCc2 } from "./elegoo-cc2/family.ts";
import { moonraker } from "./moonraker/family.ts";
import { octoprint } from "./octoprint/family.ts";
import { prusalink } from "./prusalink/family.ts";
import { register } from "./family.ts";

export const families = register({
  bambu,
  camera,
  "elegoo-cc1": elegooCc1,
  "elegoo-cc2": elegooCc2,
  moonraker,
  octoprint,
  prusalink,
});
