// What a printer of this family has, as data: by model, and by what is attached. What its firmware or
// its lock forbids is ./commands-available.ts. Facts: the family's README.

import type { Capabilities, Capability } from "../../model/capabilities.ts";
import { hasDryer } from "./commands/limits.ts";
import type { Model } from "./models.ts";
import type { Report } from "./printer-link.ts";
import { hasDoor } from "./state/state-machine.ts";
import { hasUnits } from "./state/state-materials.ts";

const everyModel: readonly Capability[] = [
  "bed",
  "calibration",
  "camera",
  "commandAccess",
  "errorDialogs",
  "fans",
  "filamentSensor",
  "fileDetails",
  "files",
  "gcode",
  "heaters",
  "home",
  "jog",
  "layers",
  "lights",
  "materialChange",
  "materialSettings",
  "materials",
  "modules",
  "nozzleSettings",
  "nozzleTypes",
  "objects",
  "options",
  "pause",
  "recording",
  "report",
  "resume",
  "signal",
  "speed",
  "start",
  "stop",
  "thumbnails",
  "timelapses",
  "upload",
];

interface Machine {
  readonly model: Model;
  readonly firmware: string | null;
  readonly report: Report;
  readonly hasSigner: boolean;
  /** The vendor's cloud may be asked. */
  readonly hasCloud: boolean;
  /** False for a printer that is only read through the cloud. */
  readonly isOnLan: boolean;
}

/** These go past the broker, to other ports of the printer. */
const onLanOnly: ReadonlySet<Capability> = new Set([
  "camera",
  "fileDetails",
  "files",
  "thumbnails",
  "timelapses",
  "upload",
]);

/** Whether the machine has each of what others of the family lack. */
const conditions: Readonly<Partial<Record<Capability, (machine: Machine) => boolean>>> = {
  airMode: ({ model }) => model.airDuct,
  autoRefill: ({ report }) => hasUnits(report),
  cloud: ({ hasCloud }) => hasCloud,
  chamber: ({ model }) => model.chamberSensor,
  door: ({ model, firmware }) => hasDoor(model, firmware),
  drying: ({ report }) => hasDryer(report),
  materialUnits: ({ report }) => hasUnits(report),
  nozzleChoice: ({ model }) => model.nozzles > 1,
  signing: ({ hasSigner }) => hasSigner,
};

export function capabilitiesOf(machine: Machine): Capabilities {
  const extra = Object.entries(conditions).filter(([, has]) => has(machine));
  const all = [...everyModel, ...extra.map(([name]) => name as Capability)];
  return new Set(all.filter((name) => machine.isOnLan || !onLanOnly.has(name)));
}
