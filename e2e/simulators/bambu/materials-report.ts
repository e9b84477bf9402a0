// The `ams`, `vt_tray` and `vir_slot` parts of a report, from the material units. Numbers are strings
// where the printer writes strings. The rest of a report is ./report.ts.

import { type Materials, noSlot, type Spool, type Unit } from "./materials.ts";
import type { Profile } from "./profiles.ts";

type JsonObject = Record<string, unknown>;

const noTag = "0".repeat(16);
const noUuid = "0".repeat(32);

export interface MaterialWords {
  /** Trays have `state`, as newer firmware writes it. */
  readonly trayState: boolean;
}

export function amsObject(materials: Materials, profile: Profile, words: MaterialWords): JsonObject {
  const { units } = materials;
  const known = bits(units, (spool) => spool !== undefined && spool.type !== "");
  return {
    ams: units.map((unit) => unitObject(unit, profile, words)),
    ams_exist_bits: hex(units.reduce((sum, { id }) => sum | (1 << (id >= 128 ? 4 + id - 128 : id)), 0)),
    tray_exist_bits: bits(units, (spool) => spool !== undefined),
    tray_is_bbl_bits: known,
    tray_tar: String(materials.target),
    tray_now: String(materials.now),
    tray_pre: String(materials.previous),
    tray_read_done_bits: known,
    tray_reading_bits: materials.reading === undefined ? "0" : hex(1 << bitOf(materials.reading.slot)),
    version: materials.version,
    insert_flag: materials.insertRead,
    power_on_flag: materials.powerOnRead,
  };
}

/** The external spools: one `vt_tray`, or `vir_slot` for each nozzle, right first. */
export function externalObject({ external }: Materials, { nozzles }: Profile): JsonObject {
  const [main, deputy] = external;
  if (nozzles === 1) return { vt_tray: trayObject("254", main, { trayState: false, externalSpool: true }) };
  const slot = (id: string, spool: Spool | undefined): JsonObject =>
    trayObject(id, spool, { trayState: false, externalSpool: true });
  return { vir_slot: [slot("255", main), slot("254", deputy)], vt_tray: slot("255", main) };
}

/** As `snow` of an extruder has it: unit in the high byte. */
export function packedSlot(slot: number, extruder: number): number {
  if (slot === noSlot) return 0xfeff;
  if (slot === 254) return extruder === 0 ? 0xff00 : 0xfe00;
  return slot >= 128 ? slot << 8 : (Math.floor(slot / 4) << 8) | (slot % 4);
}

function unitObject(unit: Unit, profile: Profile, words: MaterialWords): JsonObject {
  const drying = unit.drying === undefined ? 0 : 2;
  return {
    id: String(unit.id),
    humidity: String(unit.humidityIndex),
    temp: unit.celsius.toFixed(1),
    ...(profile.reports === "both" && {
      humidity_raw: String(unit.humidityPercent),
      dry_time: Math.ceil(unit.drySeconds / 60),
      dry_setting: {
        dry_filament: unit.drying?.filament ?? "",
        dry_temperature: unit.drying?.celsius ?? -1,
        dry_duration: unit.drying?.hours ?? -1,
      },
      info: ((drying << 4) | (unit.extruder << 8) | unit.kind).toString(16),
    }),
    tray: unit.slots.map((spool, index) =>
      trayObject(String(index), spool, {
        trayState: words.trayState || profile.reports === "both",
        externalSpool: false,
      }),
    ),
  };
}

function trayObject(
  id: string,
  spool: Spool | undefined,
  { trayState, externalSpool }: { readonly trayState: boolean; readonly externalSpool: boolean },
): JsonObject {
  if (spool === undefined) return trayState ? { id, state: 0 } : { id };
  return {
    id,
    remain: externalSpool ? 0 : spool.remain,
    k: spool.k,
    n: 1,
    cali_idx: spool.caliIdx,
    tag_uid: spool.rfid ? "A1B2C3D400000100" : noTag,
    tray_id_name: spool.rfid ? "A00-A0" : "",
    tray_info_idx: spool.infoIdx,
    tray_type: spool.type,
    tray_sub_brands: spool.subBrands,
    tray_color: spool.color,
    tray_weight: spool.rfid ? "1000" : "0",
    tray_diameter: spool.rfid ? "1.75" : "0.00",
    tray_temp: spool.rfid ? "55" : "0",
    tray_time: spool.rfid ? "8" : "0",
    bed_temp_type: "0",
    bed_temp: "0",
    nozzle_temp_max: String(spool.nozzleMax),
    nozzle_temp_min: String(spool.nozzleMin),
    xcam_info: "0".repeat(24),
    tray_uuid: spool.rfid ? "5EEDF00D5EEDF00D5EEDF00D5EEDF00D" : noUuid,
    ctype: 0,
    cols: [spool.color],
    ...(trayState && { state: stateOf(spool) }),
  };
}

/** 1 spool, 2 data known, 8 steady, 16 read from its tag. */
function stateOf({ type, rfid }: Spool): number {
  return 1 + (type === "" ? 8 : 2) + (rfid ? 24 : 0);
}

function bits(units: readonly Unit[], has: (spool: Spool | undefined) => boolean): string {
  let value = 0;
  for (const { id, slots } of units) {
    for (const [index, spool] of slots.entries()) if (has(spool)) value |= 1 << bitOf(id >= 128 ? id : id * 4 + index);
  }
  return hex(value);
}

function bitOf(slot: number): number {
  return slot >= 128 ? 16 + slot - 128 : slot;
}

function hex(value: number): string {
  return (value >>> 0).toString(16);
}
