// What OctoPrint's printer profile says of the machine, and the limits that follow: the profile's or
// ours, whichever is lower. Pure.

import type { GcodeLimits } from "../../model/gcode.ts";
import { fields, number, text, type Fields } from "./codec.ts";

export type Axis = "x" | "y" | "z";

export interface Machine {
  readonly model: string | null;
  readonly nozzles: number;
  readonly hasBed: boolean;
  readonly hasChamber: boolean;
  /** The farthest that one jog goes, mm. */
  readonly reachMillimeters: Readonly<Record<Axis, number>>;
  /** Speed of a jog, mm/min. */
  readonly jogMillimetersPerMinute: Readonly<Record<Axis, number>>;
}

/** OctoPrint's profile tells no temperature limits, and OctoPrint itself lets 2000 °C pass. */
export const temperatureLimits: GcodeLimits = { nozzleCelsius: 300, bedCelsius: 140, chamberCelsius: 80 };

const maxJogMillimeters = 500;
const maxJogMillimetersPerMinute = 12_000;

/** A profile nobody may read, as a key without the right to it finds. */
export const unknownMachine: Machine = readMachine({ heatedBed: true });

/** The machine by one entry of `/api/printerprofiles`. */
export function readMachine(profile: Fields): Machine {
  const volume = fields(profile["volume"]);
  const axes = fields(profile["axes"]);
  const extruder = fields(profile["extruder"]);
  const speed = (axis: Axis): number => lower(fields(axes[axis])["speed"], maxJogMillimetersPerMinute);
  const reach = (side: string): number => lower(volume[side], maxJogMillimeters);
  return {
    model: text(profile["model"]) ?? text(profile["name"]),
    // Extruders that share a nozzle share its heater.
    nozzles: extruder["sharedNozzle"] === true ? 1 : Math.max(1, number(extruder["count"]) ?? 1),
    hasBed: profile["heatedBed"] === true,
    hasChamber: profile["heatedChamber"] === true,
    reachMillimeters: { x: reach("width"), y: reach("depth"), z: reach("height") },
    jogMillimetersPerMinute: { x: speed("x"), y: speed("y"), z: speed("z") },
  };
}

function lower(reported: unknown, ceiling: number): number {
  const value = number(reported);
  return value !== null && value > 0 ? Math.min(value, ceiling) : ceiling;
}
