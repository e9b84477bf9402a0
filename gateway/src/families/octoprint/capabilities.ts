// What a machine behind OctoPrint has. Data only.

import type { Capability } from "../../model/capabilities.ts";
import type { Machine } from "./machine.ts";

const always: readonly Capability[] = [
  "emergencyStop",
  "fileSelection",
  "files",
  "gcode",
  "heaterOffsets",
  "heaters",
  "home",
  "jog",
  "pause",
  "position",
  "resume",
  "serialPort",
  "start",
  "stop",
  "storages",
  "system",
  "upload",
];

/** By the printer profile, and by whether OctoPrint's settings name a webcam. */
export function capabilitiesOf({ hasBed, hasChamber }: Machine, hasWebcam: boolean): ReadonlySet<Capability> {
  return new Set([
    ...always,
    ...(hasBed ? (["bed"] as const) : []),
    ...(hasChamber ? (["chamber"] as const) : []),
    ...(hasWebcam ? (["camera"] as const) : []),
  ]);
}
