// A camera without a printer. Its pictures come from the inventory's `camera.url`, which the fleet
// opens for every family alike: what is left for this one is whether the camera is there.

import * as z from "zod";
import type { Family } from "../family.ts";
import { connect } from "./session.ts";

export const camera: Family<undefined> = {
  title: "Camera without a printer",
  connection: z.undefined(),
  connect,
};
