// Material units, their slots and the spool holder out of the merged report. Pure; which slot means
// what in a command is ./materials-slots.ts. Facts: the family's README.

import type { Material, MaterialUnit, Readings } from "../../../model/printer.ts";
import { bits, fields, list, number, text } from "../report-fields.ts";
import { dryingMaxCelsius, unitKind } from "../commands/limits.ts";
import { slotBit } from "../merge.ts";
import { externalUnit, type Body, type Report, type SlotName } from "../printer-link.ts";
import { activeExtruder } from "./state-heat.ts";
import { readAutoRefill } from "./state-options.ts";
import type { View } from "./view.ts";
import { unitKindByModule } from "../versions.ts";

export function readMaterials(view: View): Pick<Readings, "materials" | "materialUnits" | "autoRefill"> {
  const { report } = view;
  const units = presentUnits(report);
  return {
    materials: [...units.flatMap((unit) => readSlots(unit, view)), ...readExternal(view)],
    materialUnits: units.map((unit) => readUnit(unit, view)),
    autoRefill: units.length === 0 ? null : readAutoRefill(report),
  };
}

/** Deltas never tell that a unit is gone, the bits do; no bit at all is a printer that is being switched off. */
function presentUnits(report: Report): readonly Body[] {
  const ams = fields(report["ams"]);
  const exist = bits(ams["ams_exist_bits"]) ?? 0n;
  const units = list(ams["ams"])
    .map((unit) => fields(unit))
    .filter(({ id }) => number(id) !== null);
  return units.filter(({ id }) => {
    const bit = unitBit(Number(id));
    return exist === 0n || bit === null || ((exist >> BigInt(bit)) & 1n) === 1n;
  });
}

function unitBit(id: number): number | null {
  if (id >= 0 && id < 4) return id;
  return id >= 128 && id < 136 ? 4 + id - 128 : null;
}

const kinds = new Map([
  [1, "AMS"],
  [2, "AMS Lite"],
  [3, "AMS 2 Pro"],
  [4, "AMS HT"],
]);

function readUnit(unit: Body, { modules }: View): MaterialUnit {
  const id = String(unit["id"]);
  const kind = unitKind(unit);
  const percent = within(unit["humidity_raw"], 1, 100);
  const minutes = number(unit["dry_time"]);
  return {
    id,
    kind: unitKindByModule(modules, id) ?? kinds.get(kind ?? 0) ?? null,
    // 0.0 is what old firmware says for unknown; while it starts it says anything.
    temperatureCelsius: within(unit["temp"], 0.1, 100),
    humidityRatio: percent === null ? null : percent / 100,
    drynessLevel: within(unit["humidity"], 1, 5),
    dryingRemainingSeconds: minutes === null || dryingMaxCelsius[kind ?? 0] === undefined ? null : minutes * 60,
  };
}

function within(value: unknown, minimum: number, maximum: number): number | null {
  const known = number(value);
  return known !== null && known >= minimum && known <= maximum ? known : null;
}

function readSlots(unit: Body, view: View): readonly Material[] {
  const id = String(unit["id"]);
  const exist = bits(fields(view.report["ams"])["tray_exist_bits"]);
  const active = activeSlot(view);
  return list(unit["tray"]).map((entry) => {
    const tray = fields(entry);
    const slot = String(tray["id"]);
    const bit = slotBit(Number(id), Number(slot));
    const hasType = text(tray["tray_type"]) !== "";
    const present = exist === null || bit === null ? hasType : ((exist >> BigInt(bit)) & 1n) === 1n;
    const name = { unit: id, slot };
    return { ...name, ...readSpool(present ? tray : {}), active: isSame(active, name), present };
  });
}

/** What is on the spool; the remaining share means something only where a tag was read. */
function readSpool(tray: Body): Omit<Material, "unit" | "slot" | "active" | "present"> {
  const remain = within(tray["remain"], 0, 100);
  const hasTag = [tray["tag_uid"], tray["tray_uuid"]].some((id) => /[1-9A-F]/iu.test(text(id)));
  const limit = (key: string): number | null => number(tray[key]) || null;
  return {
    type: text(tray["tray_type"]) || null,
    name: text(tray["tray_sub_brands"]) || null,
    colorHex: readColor(tray),
    remainingRatio: hasTag && remain !== null ? remain / 100 : null,
    nozzleMinimumCelsius: limit("nozzle_temp_min"),
    nozzleMaximumCelsius: limit("nozzle_temp_max"),
    profile: text(tray["tray_info_idx"]) || null,
  };
}

/** RRGGBBAA; one that is wholly transparent means unknown, unless a kind is told. */
function readColor(tray: Body): string | null {
  const color = /^([0-9A-F]{6})([0-9A-F]{2})?$/iu.exec(text(tray["tray_color"]));
  if (color === null || (color[2] === "00" && text(tray["tray_type"]) === "")) return null;
  return `#${color[1]?.toUpperCase() ?? ""}`;
}

/** "0" is the only one, or that of the right nozzle; "1" that of the left. */
function readExternal(view: View): readonly Material[] {
  const { report, model } = view;
  const virtual = list(report["vir_slot"]).map((entry) => fields(entry));
  const trays = virtual.length > 0 ? virtual : [fields(report["vt_tray"])];
  const active = activeSlot(view);
  const spools = trays
    .filter((tray) => Object.keys(tray).length > 0)
    .map((tray) => {
      const isLeft = model.nozzles === 2 && number(tray["id"]) === 254;
      const name = { unit: externalUnit, slot: isLeft ? "1" : "0" };
      return { ...name, ...readSpool(tray), active: isSame(active, name), present: null };
    });
  return spools.toSorted((a, b) => (a.slot < b.slot ? -1 : 1));
}

function isSame(active: SlotName | null, { unit, slot }: SlotName): boolean {
  return active !== null && active.unit === unit && active.slot === slot;
}

/** Where the filament in the head comes from; null for nowhere. */
function activeSlot({ report, model }: View): SlotName | null {
  const extruders = list(fields(fields(report["device"])["extruder"])["info"]).map((info) => fields(info));
  const active = extruders.find(({ id }) => number(id) === (activeExtruder(report) ?? 0)) ?? extruders[0];
  const packed = number(active?.["snow"]);
  if (packed !== null) return slotOfPacked(packed, model.nozzles);
  return slotOfGlobal(number(fields(report["ams"])["tray_now"]));
}

const external = { right: 0xff, left: 0xfe };

/** Unit in the high byte, slot in the low one. */
function slotOfPacked(packed: number, nozzles: number): SlotName | null {
  const [unit, slot] = [(packed >>> 8) & 0xff, packed & 0xff];
  if (slot === 0xff || (unit === 0 && slot > 3)) return null;
  if (unit === external.right) return { unit: externalUnit, slot: "0" };
  if (unit === external.left) return { unit: externalUnit, slot: nozzles === 2 ? "1" : "0" };
  return { unit: String(unit), slot: String(slot) };
}

function slotOfGlobal(global: number | null): SlotName | null {
  if (global === null || global < 0 || global === 255) return null;
  if (global === 254) return { unit: externalUnit, slot: "0" };
  if (global >= 128) return { unit: String(global), slot: "0" };
  // The unit of the A2L calls itself 16 and counts as the seventh.
  const unit = global >> 2 === 6 ? 16 : global >> 2;
  return { unit: String(unit), slot: String(global & 3) };
}

/** Whether a unit is attached. */
export function hasUnits(report: Report): boolean {
  return presentUnits(report).length > 0;
}
