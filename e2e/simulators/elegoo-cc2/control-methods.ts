// Methods that change the machine and not its job: axes, temperatures, light, fans, speed, name,
// camera and Canvas. All of a request is taken or nothing.

import { errorCode } from "./errors.ts";
import { type Axis, speedRatios } from "./machine.ts";
import type { Method } from "./method.ts";
import type { Printer } from "./printer.ts";
import type { JsonObject } from "./status.ts";

export const controlMethods: Readonly<Record<number, Method>> = {
  1026: home,
  1027: jog,
  1028: setTemperatures,
  1029: ({ machine }, { power }) => {
    if (power !== 0 && power !== 1) return errorCode.invalidParameter;
    machine.lightOn = power === 1;
    return {};
  },
  1030: setFans,
  1031: ({ machine }, { mode }) => {
    if (typeof mode !== "number" || speedRatios[mode] === undefined) return errorCode.invalidParameter;
    if (machine.job === undefined) return errorCode.notPrinting;
    machine.speedMode = mode;
    return {};
  },
  1042: (printer, { enable = 1 }) => {
    if (!printer.knobs.cameraPlugged || (enable !== 0 && enable !== 1)) return errorCode.invalidParameter;
    printer.knobs.cameraEnabled = enable === 1;
    return { url: `http://${printer.host}:${printer.cameraPort}/?action=stream` };
  },
  1043: (printer, { hostname }) => {
    if (typeof hostname !== "string" || hostname.trim() === "" || hostname.length > 64)
      return errorCode.invalidParameter;
    printer.name = hostname;
    printer.attributesChanged();
    return {};
  },
  1061: ({ machine }) => {
    const spool = machine.canvas?.trays[0];
    return {
      brand: spool?.brand ?? "ELEGOO",
      filament_type: spool?.type ?? "PLA",
      filament_name: spool?.name ?? "PLA Basic",
      filament_color: spool?.color ?? "#FFFFFF",
      min_nozzle_temp: spool?.nozzleCelsius[0] ?? 190,
      max_nozzle_temp: spool?.nozzleCelsius[1] ?? 230,
    };
  },
  2004: ({ machine: { canvas } }, { auto_refill: autoRefill }) => {
    if (canvas === undefined || typeof autoRefill !== "boolean") return errorCode.invalidParameter;
    canvas.autoRefill = autoRefill;
    return {};
  },
  2005: ({ machine }) => ({ canvas_info: machine.canvas?.info() ?? noCanvas }),
};

const noCanvas = { active_canvas_id: 0, active_tray_id: -1, auto_refill: false, canvas_list: [] } as const;
const axes: readonly Axis[] = ["x", "y", "z"];
const limitsCelsius = { extruder: 300, heater_bed: 120 } as const;
const fanNames = ["fan", "aux_fan", "box_fan"] as const;

function home({ machine }: Printer, { homed_axes: asked = "xyz" }: JsonObject): JsonObject | number {
  if (typeof asked !== "string" || !/^[xyz]+$/.test(asked)) return errorCode.invalidParameter;
  if (!machine.idle) return errorCode.busy;
  machine.home(axes.filter((axis) => asked.includes(axis)));
  return {};
}

function jog({ machine }: Printer, params: JsonObject): JsonObject | number {
  const { axes: asked, distance } = params;
  const axis = axes.find((name) => name === asked);
  if (axis === undefined || typeof distance !== "number") return errorCode.invalidParameter;
  if (!machine.idle) return errorCode.busy;
  return machine.jog(axis, distance) ? {} : errorCode.invalidParameter;
}

function setTemperatures({ machine }: Printer, params: JsonObject): JsonObject | number {
  if (!allWithin(params, limitsCelsius)) return errorCode.invalidParameter;
  const { extruder, heater_bed: bed } = params;
  if (typeof extruder === "number") machine.nozzle.targetCelsius = extruder;
  if (typeof bed === "number") machine.bed.targetCelsius = bed;
  return {};
}

function setFans({ machine }: Printer, params: JsonObject): JsonObject | number {
  if (!allWithin(params, { fan: 255, aux_fan: 255, box_fan: 255 })) return errorCode.invalidParameter;
  for (const name of fanNames) {
    const speed = params[name];
    if (typeof speed === "number") machine.fans[name] = speed;
  }
  return {};
}

/** At least one key, none unknown, each a number from 0 to its limit. */
function allWithin(params: JsonObject, limits: Readonly<Record<string, number>>): boolean {
  const entries = Object.entries(params);
  const good = entries.every(([name, value]) => {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    return limit !== undefined && typeof value === "number" && value >= 0 && value <= limit;
  });
  return good && entries.length > 0;
}
