// One filament position, by the names that people use, as the printer numbers it in each of its
// commands, and what its report says of it. Facts: the family's README.

import { bits, fields, list, number, text } from "../report-fields.ts";
import { refused } from "./commands-send.ts";
import type { Model } from "../models.ts";
import { externalUnit, type Body, type Report, type SlotName } from "../printer-link.ts";

export interface Slot {
  readonly isExternal: boolean;
  /** Of the spool holder 255, and 254 for the one of the left nozzle. */
  readonly amsId: number;
  /** Within its unit. */
  readonly slotId: number;
  /** As `tray_now` counts; -1 for the spool holder. */
  readonly global: number;
  /** What the report says of it; empty where it says nothing. */
  readonly tray: Body;
  /** A spool is in it; true for the spool holder, which cannot tell. */
  readonly isPresent: boolean;
}

/** The unit of the A2L counts as the seventh. */
const liteUnit = 16;
const firstHeatedUnit = 128;
const slotsPerUnit = 4;

/**
 * The position that these names mean.
 * @param pointer where the names stand in the input
 * @throws PrinterError `invalid_input` where the printer has no such unit or slot
 */
export function findSlot(report: Report, model: Model, { unit, slot }: SlotName, pointer: string): Slot {
  if (unit === externalUnit) return externalSlot(report, model, slot, pointer);
  const found = unitsOf(report).find((each) => String(each["id"]) === unit);
  const amsId = number(unit);
  if (found === undefined || amsId === null) {
    throw refused(`${pointer}/unit`, `there is no unit "${unit}"; there is ${unitNames(report).join(", ")}`);
  }
  const slotId = /^[0-3]$/u.test(slot) ? Number(slot) : -1;
  if (slotId === -1 || (amsId >= firstHeatedUnit && slotId > 0)) {
    throw refused(`${pointer}/slot`, `unit ${unit} has no slot "${slot}"`);
  }
  const tray = fields(list(found["tray"]).find((each) => String(fields(each)["id"]) === slot));
  const isPresent = hasSpool(report, amsId, slotId, tray);
  return { isExternal: false, amsId, slotId, global: globalSlot(amsId, slotId), tray, isPresent };
}

/** Entries of the units that the printer lists. */
export function unitsOf(report: Report): readonly Body[] {
  return list(fields(report["ams"])["ams"]).map((unit) => fields(unit));
}

function unitNames(report: Report): readonly string[] {
  return [...unitsOf(report).map(({ id }) => String(id)), externalUnit];
}

function externalSlot(report: Report, model: Model, slot: string, pointer: string): Slot {
  const isLeft = slot === "1" && model.nozzles === 2;
  if (slot !== "0" && !isLeft) throw refused(`${pointer}/slot`, `the spool holder has no slot "${slot}"`);
  const amsId = isLeft ? 254 : 255;
  const virtual = list(report["vir_slot"]).find((each) => number(fields(each)["id"]) === amsId);
  const tray = fields(virtual ?? (isLeft ? undefined : report["vt_tray"]));
  return { isExternal: true, amsId, slotId: 0, global: -1, tray, isPresent: true };
}

function globalSlot(amsId: number, slotId: number): number {
  if (amsId >= firstHeatedUnit) return amsId;
  return (amsId === liteUnit ? 6 : amsId) * slotsPerUnit + slotId;
}

/** By the printer's own bits; by what is said of the slot where it has none for it. */
function hasSpool(report: Report, amsId: number, slotId: number, tray: Body): boolean {
  const exist = bits(fields(report["ams"])["tray_exist_bits"]);
  if (exist === null || amsId === liteUnit) return text(tray["tray_type"]) !== "";
  const bit = amsId >= firstHeatedUnit ? 16 + amsId - firstHeatedUnit : amsId * slotsPerUnit + slotId;
  return ((exist >> BigInt(bit)) & 1n) === 1n;
}

/** Whether the printer has read a tag on the spool. */
export function hasTag({ tray }: Slot): boolean {
  return [tray["tag_uid"], tray["tray_uuid"]].some((id) => /[^0]/u.test(text(id)));
}

/** Midway between the bounds that the filament wants, °C; null where they are not known. */
export function middleCelsius({ tray }: Slot): number | null {
  const low = number(tray["nozzle_temp_min"]) ?? 0;
  const high = number(tray["nozzle_temp_max"]) ?? 0;
  return low > 0 && high >= low ? Math.round((low + high) / 2) : null;
}
