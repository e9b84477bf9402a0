// The status stream put together: full reports and deltas into one report, as the printer words it.
// Pure; it knows of meaning only what merging needs. Facts: the family's README.

import { bits, fields, list } from "./report-fields.ts";
import type { Body, Report } from "./printer-link.ts";

/** A full report has some sixty keys; a delta of an unknown kind has few. */
const fullKeys = 20;

/** Whether a `push_status` tells everything. Old X1 and H2D leave `msg` out of theirs. */
export function isFull(body: Body): boolean {
  if (body["msg"] === 0) return true;
  if (body["msg"] === 1) return false;
  return Object.hasOwn(body, "gcode_state") && Object.keys(body).length >= fullKeys;
}

/**
 * What is known after a `push_status`: objects are merged, all else is replaced, nothing is ever
 * taken away. Lists of material units and slots are merged by id, unless the report is a full one.
 */
export function merge(before: Report, update: Body): Report {
  const merged = mergeObjects(before, update);
  const ams = update["ams"];
  const parts: Record<string, unknown> = {};
  if (Array.isArray(fields(ams)["ams"]) && !isFull(update))
    parts["ams"] = mergeUnits(fields(before["ams"]), fields(ams));
  if (Array.isArray(update["vir_slot"]) && !isFull(update)) {
    parts["vir_slot"] = mergeById(list(before["vir_slot"]), update["vir_slot"], mergeObjects);
  }
  return { ...merged, ...parts };
}

function mergeObjects(before: Body, update: Body): Body {
  const merged = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(update)) {
    const old = merged.get(key);
    merged.set(key, isObject(value) && isObject(old) ? mergeObjects(old, value) : value);
  }
  return Object.fromEntries(merged);
}

function mergeUnits(before: Body, update: Body): Body {
  const merged = mergeObjects(before, update);
  const exists = bits(merged["tray_exist_bits"]);
  const mergeUnit = (old: Body, unit: Body): Body => {
    const both = mergeObjects(old, unit);
    if (!Array.isArray(unit["tray"])) return both;
    const mergeTray = (oldTray: Body, tray: Body): Body =>
      isBare(tray) && !hasSpool(exists, both["id"], tray["id"]) ? tray : mergeObjects(oldTray, tray);
    return { ...both, tray: mergeById(list(old["tray"]), unit["tray"], mergeTray) };
  };
  return { ...merged, ams: mergeById(list(before["ams"]), list(update["ams"]), mergeUnit) };
}

/** What an empty slot looks like. */
function isBare(tray: Body): boolean {
  return Object.keys(tray).every((key) => key === "id" || key === "state");
}

/** By the printer's bits; true where they are not known. */
function hasSpool(exists: bigint | null, unit: unknown, slot: unknown): boolean {
  const bit = slotBit(Number(unit), Number(slot));
  return exists === null || bit === null || ((exists >> BigInt(bit)) & 1n) === 1n;
}

const slotsPerUnit = 4;
const heatedUnits = { first: 128, firstBit: 16 };

/** Place of a slot in `tray_exist_bits`; null for units that it does not number. */
export function slotBit(unit: number, slot: number): number | null {
  if (!Number.isInteger(unit) || !Number.isInteger(slot) || slot < 0 || unit < 0) return null;
  if (unit < slotsPerUnit) return slot < slotsPerUnit ? unit * slotsPerUnit + slot : null;
  const heated = unit - heatedUnits.first;
  return heated >= 0 && heated < 8 && slot === 0 ? heatedUnits.firstBit + heated : null;
}

/** The old items in their places with the updates that bear their id, then the new ones. */
function mergeById(
  before: readonly unknown[],
  update: readonly unknown[],
  mergeItem: (old: Body, item: Body) => Body,
): readonly unknown[] {
  const merged = new Map(before.filter(isObject).map((item) => [String(item["id"]), item]));
  for (const item of update.filter(isObject)) {
    const id = String(item["id"]);
    const old = merged.get(id);
    merged.set(id, old === undefined ? item : mergeItem(old, item));
  }
  return [...merged.values()];
}

function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
