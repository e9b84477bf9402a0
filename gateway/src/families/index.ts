// The register of printer families: one line each, the id as the inventory writes it.

import { elegooCc1 } from "./elegoo-cc1/family.ts";
import { moonraker } from "./moonraker/family.ts";
import { register } from "./family.ts";

export const families = register({
  "elegoo-cc1": elegooCc1,
  moonraker,
});
