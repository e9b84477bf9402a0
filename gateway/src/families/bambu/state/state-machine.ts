// Speed, lights, switches, camera, network and software out of the merged report. Bit fields in hex
// may be longer than 32 bits. Pure. Facts: the family's README.

import type { Light, Readings } from "../../../model/printer.ts";
import { bits, fields, list, number, text } from "../report-fields.ts";
import { atLeast } from "../firmware.ts";
import { speedModes } from "../commands/limits.ts";
import { lightNodes, type Model } from "../models.ts";
import type { Report } from "../printer-link.ts";
import { readOptions } from "./state-options.ts";
import type { View } from "./view.ts";
import { withUpdates } from "../versions.ts";

type MachineReadings = Pick<
  Readings,
  | "speedRatio"
  | "speedMode"
  | "lights"
  | "filamentLoaded"
  | "doorOpen"
  | "airMode"
  | "options"
  | "recording"
  | "timelapse"
  | "modules"
  | "signalDbm"
>;

export function readMachine(view: View): MachineReadings {
  const { report, model, modules } = view;
  const magnitude = number(report["spd_mag"]);
  const camera = fields(report["ipcam"]);
  const filament = number(report["hw_switch_state"]);
  return {
    speedRatio: magnitude === null ? null : magnitude / 100,
    speedMode: speedModes[(number(report["spd_lvl"]) ?? 0) - 1] ?? null,
    lights: readLights(report),
    filamentLoaded: filament === null ? null : filament !== 0,
    doorOpen: readDoor(view),
    airMode: model.airDuct ? readAirMode(report) : null,
    options: readOptions(report, model),
    recording: switched(camera["ipcam_record"]),
    timelapse: switched(camera["timelapse"]),
    modules: withUpdates(modules, report),
    signalDbm: readSignal(report),
  };
}

function switched(value: unknown): boolean | null {
  return value === "enable" ? true : value === "disable" ? false : null;
}

const lightIds: ReadonlyMap<unknown, string> = new Map(Object.entries(lightNodes).map(([id, node]) => [node, id]));

/** In one order, whatever the report's: it varies. */
function readLights(report: Report): readonly Light[] {
  const lights = list(report["lights_report"]).flatMap((light): Light[] => {
    const { node, mode } = fields(light);
    if (typeof node !== "string") return [];
    return [{ id: lightIds.get(node) ?? node, on: typeof mode === "string" ? mode !== "off" : null }];
  });
  return lights.toSorted((a, b) => a.id.localeCompare(b.id));
}

const doorBit = 23;
/** First firmware of the X1 family that tells of its door. */
const doorSince: Readonly<Record<string, string>> = { X1: "01.07.00.00", X1C: "01.07.00.00", X1E: "01.01.02.00" };

function readDoor({ report, model, firmware }: View): boolean | null {
  if (model.doorSensor === "x1" && hasDoor(model, firmware)) {
    const flag = number(report["home_flag"]);
    return flag === null ? null : ((flag >>> doorBit) & 1) === 1;
  }
  if (model.doorSensor !== "stat") return null;
  const stat = bits(report["stat"]);
  return stat === null ? null : ((stat >> BigInt(doorBit)) & 1n) === 1n;
}

/** Whether model and firmware tell of the door. */
export function hasDoor({ doorSensor, name }: Model, firmware: string | null): boolean {
  if (doorSensor === "x1") return firmware !== null && atLeast(firmware, doorSince[name] ?? "");
  return doorSensor === "stat";
}

const airModes = ["cooling", "heating", "laser"] as const;

function readAirMode(report: Report): string | null {
  const mode = number(fields(fields(report["device"])["airduct"])["modeCur"]);
  return mode === null ? null : (airModes[mode] ?? `mode ${mode}`);
}

/** A wired printer reports a constant. */
function readSignal(report: Report): number | null {
  const isWired = ((number(fields(report["net"])["conf"]) ?? 0) & 1) === 1;
  const signal = /^(-\d{1,3})(?:\.\d+)?\s*dBm$/iu.exec(text(report["wifi_signal"]));
  return isWired || signal === null ? null : Number(signal[1]);
}
