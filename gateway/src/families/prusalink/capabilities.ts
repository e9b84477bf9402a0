// What a printer with PrusaLink has: the firmware of Buddy boards (MK4, MK3.9, MINI, XL, CORE One),
// and the service on a Raspberry Pi beside an MK2.5 or MK3. Data only.

import type { Capability } from "../../model/capabilities.ts";

const every: readonly Capability[] = [
  "bed",
  "files",
  "pause",
  "position",
  "resume",
  "start",
  "stop",
  "storages",
  "thumbnails",
  "upload",
];

/** The legacy paths of the service alone; the firmware has no such calls. */
const piOnly: readonly Capability[] = ["heaters", "home", "jog", "speed"];

export function capabilitiesFor(isPi: boolean, hasCamera: boolean): ReadonlySet<Capability> {
  return new Set([...every, ...(isPi ? piOnly : []), ...(hasCamera ? (["camera"] as const) : [])]);
}

export type Axis = "x" | "y" | "z";

/** Gantry's ceilings and the service's own limits (LimitsFDM of 0.8.1), whichever is lower. */
export const limits = {
  nozzleCelsius: 300,
  bedCelsius: 125,
  /** mm */
  travel: { x: [0, 255], y: [-4, 212.5], z: [0.15, 210] },
  /** mm/min */
  jogSpeed: { x: 2700, y: 2700, z: 600 },
} as const;
