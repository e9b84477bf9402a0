// Klipper's status objects and Moonraker's own words → the product's readings. Pure. Facts: Klipper
// docs/Status_Reference.md and klippy/extras/print_stats.py; Moonraker's docs/external_api.

import {
  unknownReadings,
  type Fan,
  type Fault,
  type Heater,
  type Identity,
  type Light,
  type Phase,
  type PowerDevice,
  type Readings,
  type Storage,
} from "../../model/printer.ts";
import { fields, list, number, text, type Fields } from "./codec.ts";
import { readJob, type JobFacts } from "./job.ts";
import { extruders, isChamber, isLight, kindOf, ownName, toolOf } from "./objects.ts";
import { firstLines } from "./refusals.ts";

/** How Klipper's host process is, in Moonraker's words; anything else counts as disconnected. */
export const klippyStates = ["ready", "startup", "error", "shutdown", "disconnected"] as const;
export type KlippyState = (typeof klippyStates)[number];

export interface Klippy {
  readonly state: KlippyState;
  /** Klipper's own explanation; several lines. */
  readonly message: string | null;
}

/** Everything that a reading is made of. */
export interface Known {
  readonly klippy: Klippy;
  /** The merged status objects; empty while Klipper is away. */
  readonly status: Fields;
  readonly job: JobFacts;
  readonly storages: readonly Storage[];
  readonly powerDevices: readonly PowerDevice[];
}

/** `print_stats.state` → phase. */
const jobPhases: Readonly<Record<string, Phase>> = {
  standby: "idle",
  printing: "printing",
  paused: "paused",
  complete: "finished",
  cancelled: "stopped",
  error: "failed",
};

const klippyPhases: Readonly<Record<Exclude<KlippyState, "ready">, readonly [Phase, string]>> = {
  startup: ["busy", "Klipper is starting"],
  error: ["failed", "Klipper has an error"],
  shutdown: ["failed", "Klipper is shut down"],
  disconnected: ["unknown", "Klipper is not connected"],
};

export function readState(known: Known): Readings {
  const { klippy, status, storages, powerDevices } = known;
  const { phase, stage } = readPhase(klippy, status);
  const active = phase === "preparing" || phase === "printing" || phase === "pausing" || phase === "paused";
  const host = { ...unknownReadings, phase, stage, storages, powerDevices, faults: faults(known) };
  if (klippy.state === "disconnected" || klippy.state === "startup") return host;
  return {
    ...host,
    job: active ? readJob(status, known.job) : null,
    nozzles: extruders(Object.keys(status)).map((name) => ({ id: String(toolOf(name)), ...heater(status[name]) })),
    bed: status["heater_bed"] === undefined ? null : heater(status["heater_bed"]),
    chamber: chamber(status),
    fans: fans(status),
    speedRatio: rounded(fields(status["gcode_move"])["speed_factor"], 3),
    lights: lights(status),
    ...readPosition(status),
  };
}

/** A name as `setHeaterTarget` has it → Klipper's name; undefined where the machine has no such heater. */
export function heaterObject(status: Fields, heaterName: string): string | undefined {
  if (heaterName === "bed") return status["heater_bed"] === undefined ? undefined : "heater_bed";
  if (heaterName === "chamber") {
    return Object.keys(status).find((name) => isChamber(name) && kindOf(name) === "heater_generic");
  }
  return extruders(Object.keys(status)).find((name) => `nozzle${toolOf(name)}` === heaterName);
}

function readPhase({ state }: Klippy, status: Fields): { phase: Phase; stage: string | null } {
  if (state !== "ready") {
    const [phase, stage] = klippyPhases[state];
    return { phase, stage };
  }
  const stats = fields(status["print_stats"]);
  const word = text(stats["state"]) ?? "";
  const phase = jobPhases[word];
  const message = text(fields(status["display_status"])["message"]);
  if (phase === "printing") {
    if (fields(status["pause_resume"])["is_paused"] === true) return { phase: "pausing", stage: message };
    // The time counts from the first extrusion on: until then it homes, heats and levels.
    return { phase: number(stats["print_duration"]) === 0 ? "preparing" : phase, stage: message };
  }
  if (phase === "paused") return { phase, stage: message };
  // `Printing` means here that motion or a macro goes on, job or not.
  const busy = text(fields(status["idle_timeout"])["state"]) === "Printing";
  if (busy && phase === "idle") return { phase: "busy", stage: message ?? "moving" };
  return phase === undefined ? { phase: "unknown", stage: word === "" ? null : word } : { phase, stage: message };
}

/** To a tenth of a degree, for a heater, a sensor, or a fan that has one. */
function heater(value: unknown): Heater {
  const { temperature, target } = fields(value);
  return { actualCelsius: rounded(temperature, 1), targetCelsius: rounded(target, 1) };
}

function chamber(status: Fields): Heater | null {
  const names = Object.keys(status).filter((name) => isChamber(name));
  const name = names.find((candidate) => kindOf(candidate) === "heater_generic") ?? names[0];
  return name === undefined ? null : heater(status[name]);
}

const fanKinds = new Set(["fan", "fan_generic", "heater_fan", "controller_fan", "temperature_fan"]);

/** The id of a fan: the part fan's, else the name that its owner gave it. */
export function fanId(name: string): string {
  return name === "fan" ? "part" : ownName(name);
}

function fans(status: Fields): Fan[] {
  return Object.keys(status)
    .filter((name) => fanKinds.has(kindOf(name)))
    .map((name) => ({ id: fanId(name), speedRatio: rounded(fields(status[name])["speed"], 3) }));
}

function lights(status: Fields): Light[] {
  return Object.keys(status)
    .filter((name) => isLight(name))
    .map((name) => ({ id: ownName(name), on: isOn(fields(status[name])) }));
}

function isOn(light: Fields): boolean | null {
  const value = number(light["value"]);
  if (value !== null) return value > 0;
  const colors = light["color_data"];
  if (!Array.isArray(colors)) return null;
  return colors.some((color) => Array.isArray(color) && color.some((part) => (number(part) ?? 0) > 0));
}

function readPosition(status: Fields): Pick<Readings, "position" | "zOffsetMillimeters"> {
  const { gcode_position: at, homing_origin: origin } = fields(status["gcode_move"]);
  const homed = text(fields(status["toolhead"])["homed_axes"]) ?? "";
  const axis = (letter: string, index: number): number | null =>
    homed.includes(letter) && Array.isArray(at) ? rounded(at[index], 2) : null;
  return {
    position: { xMillimeters: axis("x", 0), yMillimeters: axis("y", 1), zMillimeters: axis("z", 2) },
    zOffsetMillimeters: Array.isArray(origin) ? rounded(origin[2], 3) : null,
  };
}

function faults({ klippy, status }: Known): Fault[] {
  const found: Fault[] = [];
  const add = (code: string, severity: Fault["severity"], words: string): void => {
    found.push({ code, severity, text: words, help: null });
  };
  if (klippy.state !== "ready" && klippy.state !== "startup") {
    const words = klippyPhases[klippy.state][1];
    const said = klippy.message === null ? "" : `: ${firstLines(klippy.message)}`;
    add(`klippy_${klippy.state}`, "error", `${words}${said}`);
  }
  const stats = fields(status["print_stats"]);
  const message = text(stats["message"]);
  if (klippy.state === "ready" && stats["state"] === "error") {
    add("print_error", "error", message === null ? "the job ended with an error" : firstLines(message));
  }
  for (const [name, value] of Object.entries(status)) {
    const { enabled, filament_detected: detected } = fields(value);
    if (enabled === true && detected === false) add("filament_runout", "warning", `no filament at ${ownName(name)}`);
  }
  return found;
}

/** `server.info`, `printer.info` → how Klipper is. */
export function readKlippy(serverInfo: Fields, printerInfo: Fields): Klippy {
  if (serverInfo["klippy_connected"] === false) return { state: "disconnected", message: null };
  const word = text(printerInfo["state"]) ?? text(serverInfo["klippy_state"]);
  const state = klippyStates.find((known) => known === word) ?? "disconnected";
  return { state, message: text(printerInfo["state_message"]) };
}

/** Klipper knows no model and no serial number: the host's name stands for the first. */
export function readIdentity(serverInfo: Fields, printerInfo: Fields): Identity {
  const klipper = text(printerInfo["software_version"]);
  const moonraker = text(serverInfo["moonraker_version"]);
  const host = text(printerInfo["hostname"]);
  const words = [klipper === null ? null : `Klipper ${klipper}`, moonraker === null ? null : `Moonraker ${moonraker}`];
  const firmware = words.filter((word) => word !== null).join(", ");
  return {
    model: host === null ? "Klipper printer" : `Klipper printer ${host}`,
    firmware: firmware || null,
    serial: null,
  };
}

/** `disk_usage` of a directory answer. */
export function readStorages(directory: Fields): readonly Storage[] {
  const usage = fields(directory["disk_usage"]);
  const [usedBytes, freeBytes, sizeBytes] = [usage["used"], usage["free"], usage["total"]].map((value) =>
    number(value),
  );
  if (usedBytes == null && freeBytes == null && sizeBytes == null) return [];
  return [{ id: "local", usedBytes: usedBytes ?? null, freeBytes: freeBytes ?? null, sizeBytes: sizeBytes ?? null }];
}

/** Devices of the power component, whole (an answer) or one (a notification). */
export function readPowerDevices(devices: unknown): readonly PowerDevice[] {
  return list(devices).flatMap((device) => {
    const id = text(device["device"]);
    if (id === null) return [];
    const status = device["status"];
    return [{ id, on: status === "on" ? true : status === "off" ? false : null }];
  });
}

function rounded(value: unknown, digits: number): number | null {
  const exact = number(value);
  return exact === null ? null : Number(exact.toFixed(digits));
}
