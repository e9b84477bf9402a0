// What a Centauri Carbon has, by firmware. Data only.

import type { Capability } from "../../model/capabilities.ts";

/** Every Centauri Carbon of the series, on every firmware seen (V1.0 to V1.4, OpenCentauri 0.1 to 0.3). */
export const capabilities: ReadonlySet<Capability> = new Set([
  "bed",
  "camera",
  "chamber",
  "fans",
  "layers",
  "lights",
  "pause",
  "resume",
  "speed",
  "start",
  "stop",
]);
