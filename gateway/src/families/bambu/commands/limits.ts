// What a printer of this family may be asked to do: heat, drying, names of speeds, fans and plates.
// Data, and what reads it against a model and its report. Facts: the family's README.

import type { GcodeLimits } from "../../../model/gcode.ts";
import { fields, number, text } from "../report-fields.ts";
import type { Model } from "../models.ts";
import type { Report } from "../printer-link.ts";

/** `print_speed` takes the place in this list, from 1, as text. */
export const speedModes = ["silent", "standard", "sport", "ludicrous"] as const;

/** Below this no filament is moved by our own command, °C. */
export const coldCelsius = 170;

/** What an unload heats to at least, °C. */
export const unloadCelsius = 210;

/** Above this only what the printer itself reports, °C. */
const ordinaryNozzleCelsius = 300;

/** The bed of an X1 on 220 V mains, °C. */
const highMainsBedCelsius = 110;
const highMainsBit = 3;

/** Kinds of material units, as the low four bits of a unit's `info` count them. */
export const unitKinds = { ams: 1, lite: 2, pro: 3, ht: 4 } as const;

/** The hottest air that a kind of unit dries with, °C; kinds that are missing do not dry. */
export const dryingMaxCelsius: Readonly<Record<number, number>> = { [unitKinds.pro]: 65, [unitKinds.ht]: 85 };
export const dryingMinCelsius = 45;

/** Chamber targets below this the firmware takes for 0, °C. */
export const chamberMinCelsius = 40;

export const bedTypes = ["auto", "cool_plate", "eng_plate", "hot_plate", "textured_plate", "supertack_plate"] as const;

/** Longest single step of each axis, mm: far enough to park, short of a crash that nobody stops. */
export const stepMillimeters = { x: 100, y: 100, z: 50 } as const;

/**
 * The most that each part may be heated to, °C: by the model, and by what the printer itself reports.
 * 0 for a chamber without a heater.
 */
export function heatLimits(model: Model, report: Report): GcodeLimits {
  const reportedNozzle = number(report["nozzle_max_temperature"]) ?? ordinaryNozzleCelsius;
  return {
    nozzleCelsius: Math.min(model.nozzleMaxCelsius, reportedNozzle),
    bedCelsius: bedLimit(model, report),
    chamberCelsius: model.chamberMaxCelsius ?? 0,
  };
}

function bedLimit(model: Model, report: Report): number {
  const reported = number(report["bed_temperature_limit"]);
  if (reported !== null && reported > 0) return Math.min(model.bedMaxCelsius, reported);
  const isHighMains = (((number(report["home_flag"]) ?? 0) >>> highMainsBit) & 1) === 1;
  const isX1 = model.code === "BL-P001" || model.code === "BL-P002";
  return isX1 && isHighMains ? Math.min(model.bedMaxCelsius, highMainsBedCelsius) : model.bedMaxCelsius;
}

/** The kind of a material unit as ./unitKinds counts it; null where the printer does not tell. */
export function unitKind(unit: Readonly<Record<string, unknown>>): number | null {
  const info = Number.parseInt(text(unit["info"]), 16);
  if (!Number.isNaN(info) && (info & 0xf) !== 0) return info & 0xf;
  return (number(unit["id"]) ?? 0) >= 128 ? unitKinds.ht : null;
}

/** Whether any attached unit can dry spools. */
export function hasDryer(report: Report): boolean {
  const { ams } = fields(report["ams"]);
  return Array.isArray(ams) && ams.some((unit) => dryingMaxCelsius[unitKind(fields(unit)) ?? 0] !== undefined);
}
