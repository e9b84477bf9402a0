// Temperatures, nozzles and fans out of the merged report. Newer firmware packs a temperature and
// its target into one number. Pure. Facts: the family's README.

import type { Fan, Heater, Nozzle, Readings } from "../../../model/printer.ts";
import { fields, list, number, text } from "../report-fields.ts";
import type { Body, Report } from "../printer-link.ts";
import type { View } from "./view.ts";

export function readHeat(view: View): Pick<Readings, "nozzles" | "bed" | "chamber" | "fans"> {
  const { report } = view;
  return { nozzles: readNozzles(view), bed: readBed(report), chamber: readChamber(view), fans: readFans(view) };
}

/** Up to this the number is a plain temperature, and the heater is off. */
const plainMax = 500;

/** Actual temperature in the low 16 bits, target above them. */
export function unpacked(value: unknown): Heater | null {
  const packed = number(value);
  if (packed === null || packed < 0) return null;
  if (packed <= plainMax) return { actualCelsius: packed, targetCelsius: 0 };
  return { actualCelsius: packed & 0xffff, targetCelsius: packed >>> 16 };
}

function flat(actual: unknown, target: unknown): Heater | null {
  const [actualCelsius, targetCelsius] = [number(actual), number(target)];
  return actualCelsius === null && targetCelsius === null ? null : { actualCelsius, targetCelsius };
}

function readNozzles(view: View): readonly Nozzle[] {
  const { report } = view;
  const device = fields(report["device"]);
  const extruder = fields(device["extruder"]);
  const fitted = list(fields(device["nozzle"])["info"]).map((nozzle) => fields(nozzle));
  const packed = list(extruder["info"]).map((info) => fields(info));
  const known = packed.filter(({ temp }) => unpacked(temp) !== null);
  if (known.length === 0) {
    const heat = flat(report["nozzle_temper"], report["nozzle_target_temper"]);
    return heat === null
      ? []
      : [
          {
            id: "0",
            ...heat,
            ...fittedNozzle(
              fitted.find(({ id }) => number(id) === 0),
              report,
            ),
          },
        ];
  }
  const activeId = activeExtruder(report);
  const ids = known.map((info) => number(info["id"]) ?? 0).toSorted((a, b) => a - b);
  return ids.map((id) => ({
    id: String(id),
    ...(unpacked(known.find((info) => number(info["id"]) === id)?.["temp"]) ?? {
      actualCelsius: null,
      targetCelsius: null,
    }),
    ...fittedNozzle(
      fitted.find((nozzle) => number(nozzle["id"]) === id),
      known.length === 1 ? report : {},
    ),
    ...(known.length > 1 ? { active: activeId === null ? null : activeId === id } : {}),
  }));
}

/** Bits 4 to 7; null where the printer has no such field. */
export function activeExtruder(report: Report): number | null {
  const state = number(fields(fields(report["device"])["extruder"])["state"]);
  return state === null ? null : (state >>> 4) & 0xf;
}

function fittedNozzle(nozzle: Body | undefined, report: Report): Pick<Nozzle, "diameterMillimeters" | "kind"> {
  const diameter = number(nozzle?.["diameter"]) ?? number(report["nozzle_diameter"]);
  const kind = text(nozzle?.["type"]) || text(report["nozzle_type"]);
  return { diameterMillimeters: diameter === 0 ? null : diameter, kind: kind === "" ? null : nozzleKind(kind) };
}

const nozzleMaterials: Readonly<Record<string, string>> = {
  "00": "stainless_steel",
  "01": "hardened_steel",
  "05": "tungsten_carbide",
};
const nozzleFlows: Readonly<Record<string, string>> = { H: " high flow", E: " high flow", U: " TPU high flow" };

/** "HH01" is a hardened steel one with high flow; older firmware says it in words. */
function nozzleKind(code: string): string {
  const parts = /^H([A-Z])(\d\d)$/u.exec(code);
  const material = nozzleMaterials[parts?.[2] ?? ""];
  return material === undefined ? code : `${material}${nozzleFlows[parts?.[1] ?? ""] ?? ""}`;
}

function readBed(report: Report): Heater | null {
  const device = fields(report["device"]);
  return (
    unpacked(fields(fields(device["bed"])["info"])["temp"]) ??
    unpacked(device["bed_temp"]) ??
    flat(report["bed_temper"], report["bed_target_temper"])
  );
}

/** Only where there is a sensor: others report a constant. */
function readChamber({ report, model }: View): Heater | null {
  if (!model.chamberSensor) return null;
  const device = fields(report["device"]);
  const heat =
    unpacked(fields(fields(device["ctc"])["info"])["temp"]) ??
    unpacked(fields(report["info"])["temp"]) ??
    unpacked(device["cham_temp"]) ??
    flat(report["chamber_temper"], report["ctt"]);
  if (heat === null || model.chamberMaxCelsius !== null) return heat;
  return { ...heat, targetCelsius: null };
}

/** The same fan in the three places where it may be told. */
const fans = [
  { id: "part", flat: "cooling_fan_speed", gear: 0, duct: 16 },
  { id: "aux", flat: "big_fan1_speed", gear: 8, duct: 32 },
  { id: "chamber", flat: "big_fan2_speed", gear: 16, duct: 48 },
  { id: "aux2", flat: null, gear: null, duct: 160 },
  { id: "hotend", flat: "heatbreak_fan_speed", gear: null, duct: null },
] as const;

type FanPlace = (typeof fans)[number];

function readFans({ report, model }: View): readonly Fan[] {
  const has: Readonly<Record<FanPlace["id"], boolean>> = {
    part: true,
    aux: model.auxFan && report["aux_part_fan"] !== false,
    chamber: model.chamberFan,
    aux2: model.secondAuxFan,
    hotend: Object.hasOwn(report, "heatbreak_fan_speed"),
  };
  return fans.filter(({ id }) => has[id]).map((fan) => ({ id: fan.id, speedRatio: fanRatio(report, fan) }));
}

function fanRatio(report: Report, { flat: key, gear, duct }: FanPlace): number | null {
  const parts = list(fields(fields(report["device"])["airduct"])["parts"]).map((part) => fields(part));
  const percent = duct === null ? null : number(parts.find(({ id }) => number(id) === duct)?.["state"]);
  if (percent !== null) return ratio(percent, 100);
  const gears = number(report["fan_gear"]) ?? 0;
  if (gear !== null && gears !== 0) return ratio((gears >>> gear) & 0xff, 255);
  const level = key === null ? null : number(report[key]);
  return level === null ? null : ratio(level, 15);
}

function ratio(value: number, full: number): number {
  return Math.round((Math.min(full, Math.max(0, value)) / full) * 100) / 100;
}
