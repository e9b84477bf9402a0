// What is in the material units and on the external spools, and which slot feeds. The words of the
// wire are ./materials-report.ts; a change of filament as a sequence is ./filament-change.ts.

import type { Profile, UnitKind, UnitPlan } from "./profiles.ts";

/** A spool in a slot; with an empty `type` nobody has said what it is. */
export interface Spool {
  readonly type: string;
  readonly infoIdx: string;
  readonly subBrands: string;
  /** RRGGBBAA */
  readonly color: string;
  readonly nozzleMin: number;
  readonly nozzleMax: number;
  /** Percent; -1 where it is not known. */
  readonly remain: number;
  /** Has a tag that the unit has read. */
  readonly rfid: boolean;
  readonly k: number;
  readonly caliIdx: number;
}

export interface Unit extends UnitPlan {
  humidityIndex: number;
  humidityPercent: number;
  celsius: number;
  drySeconds: number;
  drying: { readonly filament: string; readonly celsius: number; readonly hours: number } | undefined;
  /** undefined: empty. */
  readonly slots: (Spool | undefined)[];
}

export const noSlot = 255;
export const externalSlot = 254;

const unknown: Spool = {
  type: "",
  infoIdx: "",
  subBrands: "",
  color: "00000000",
  nozzleMin: 0,
  nozzleMax: 0,
  remain: -1,
  rfid: false,
  k: 0.02,
  caliIdx: -1,
};
const pla: Spool = { ...unknown, type: "PLA", infoIdx: "GFL99", color: "1E90FFFF", nozzleMin: 190, nozzleMax: 240 };
const petg: Spool = { ...unknown, type: "PETG", infoIdx: "GFG99", color: "808080FF", nozzleMin: 220, nozzleMax: 270 };
const bambuPla: Spool = {
  ...pla,
  infoIdx: "GFA00",
  subBrands: "PLA Basic",
  color: "FF6A13FF",
  remain: 82,
  rfid: true,
};

const slotCounts: Readonly<Record<UnitKind, number>> = { 1: 4, 2: 4, 3: 4, 4: 1 };
const ambientCelsius = 26;

export class Materials {
  readonly units: Unit[];
  /** The external spool of each nozzle, right first. */
  readonly external: (Spool | undefined)[];
  now = noSlot;
  target = noSlot;
  previous = noSlot;
  status = 0;
  rfidStatus = 0;
  /** Slots whose tag is being read, with the seconds it still takes. */
  reading: { readonly slot: number; seconds: number } | undefined;
  insertRead = true;
  powerOnRead = false;
  version = 12;

  constructor({ units, nozzles }: Pick<Profile, "units" | "nozzles">) {
    this.units = units.map(unitFrom);
    this.external = Array.from({ length: nozzles }, () => petg);
  }

  /** The spool at a global slot, 254 or 255 for the external ones. */
  spool(slot: number): Spool | undefined {
    if (slot === externalSlot) return this.external.at(-1);
    const place = this.place(slot);
    return place?.unit.slots[place.index];
  }

  place(slot: number): { readonly unit: Unit; readonly index: number } | undefined {
    const unit = this.units.find(({ id }) => id === (slot >= 128 ? slot : Math.floor(slot / 4)));
    const index = slot >= 128 ? 0 : slot % 4;
    return unit === undefined || index >= unit.slots.length ? undefined : { unit, index };
  }

  unit(id: number): Unit | undefined {
    return this.units.find((unit) => unit.id === id);
  }

  put(slot: number, spool: Spool | undefined): boolean {
    const place = this.place(slot);
    if (place === undefined) return false;
    place.unit.slots[place.index] = spool;
    this.version += 1;
    return true;
  }

  advance(seconds: number): boolean {
    let changed = false;
    for (const unit of this.units) changed = advanceDrying(unit, seconds) || changed;
    const { reading } = this;
    if (reading === undefined) return changed;
    reading.seconds -= seconds;
    if (reading.seconds > 0) return changed;
    const spool = this.spool(reading.slot);
    if (spool !== undefined) this.put(reading.slot, { ...bambuPla, k: spool.k, caliIdx: spool.caliIdx });
    this.reading = undefined;
    this.rfidStatus = 0;
    return true;
  }
}

/** Nothing is known of it but that it is there. */
export const unknownSpool = unknown;

export function globalSlot(unitId: number, index: number): number {
  return unitId >= 128 ? unitId : unitId * 4 + index;
}

function unitFrom(plan: UnitPlan): Unit {
  const filled: (Spool | undefined)[] = [pla, bambuPla, unknown, undefined];
  return {
    ...plan,
    humidityIndex: 4,
    humidityPercent: 21,
    celsius: ambientCelsius,
    drySeconds: 0,
    drying: undefined,
    slots: filled.slice(0, slotCounts[plan.kind]),
  };
}

function advanceDrying(unit: Unit, seconds: number): boolean {
  if (unit.drying === undefined) return false;
  unit.drySeconds -= seconds;
  unit.celsius = unit.drying.celsius;
  if (unit.drySeconds > 0) return false;
  Object.assign(unit, { drySeconds: 0, drying: undefined, celsius: ambientCelsius, humidityIndex: 5 });
  return true;
}
