// The printer's view of itself → the product's readings. Pure. Field names and units: the vendor's
// SDK and captures (./README.md); where names differ between firmwares, each is read.

import {
  unknownReadings,
  type ConnectionBudget,
  type Fan,
  type Fault,
  type Heater,
  type Identity,
  type Job,
  type Position,
  type Readings,
  type Storage,
} from "../../model/printer.ts";
import { readAutoRefill, readMaterials, traysOf } from "./canvas.ts";
import { fields, flag, number, text, type Fields } from "./codec.ts";
import { wordsFor } from "./error-words.ts";
import { speedModes } from "./limits.ts";
import { busyStage, jobStage, machine, type Stage } from "./stages.ts";
import { exceptions, hasJob, jobOf, machineStatus, subStatus, type View } from "./view.ts";

/** The bed ends at 256 mm; the chute for filament changes is at about 264. */
const chuteMillimeters = 258;

/** Wire name → the part it cools. */
const fanNames = { fan: "part", aux_fan: "aux", box_fan: "chamber", heater_fan: "nozzle", controller_fan: "board" };

/** Registered clients that fit, as seen; the printer does not tell how many there are. */
const controlConnections = 4;

const runOut = 109;

/** Readings of a view that has a whole status; `speedMode` is what ./speed.ts shows of it. */
export function readView(view: View, speedMode: number | null): Readings {
  const status = view.status ?? {};
  return {
    ...unknownReadings,
    ...readStage(view),
    job: readJob(view),
    nozzles: [{ id: "0", ...heater(status["extruder"]) }],
    bed: heater(status["heater_bed"]),
    chamber: chamber(status),
    fans: fans(fields(status["fans"])),
    speedMode: speedMode === null ? null : (speedModes[speedMode] ?? `mode ${speedMode}`),
    lights: [{ id: "chamber", on: flag(fields(status["led"])["status"]) }],
    materials: readMaterials(view.canvas),
    autoRefill: readAutoRefill(view.canvas),
    faults: faults(view),
    position: position(status),
    storages: storages(view.disk),
    connections: connections(view.attributes),
  };
}

export function readStage(view: View): Stage {
  const status = machineStatus(view);
  if (status === machine.job) return jobStage(subStatus(view), isParked(view));
  if (status !== machine.idle) return busyStage(status, subStatus(view));
  // The end of the job was missed: until it is known, the job counts as not over.
  if (view.outcome === "unknown") return { phase: "stopping", stage: "ended; asking the printer how" };
  return { phase: view.outcome ?? "idle", stage: null };
}

/** The firmware stays on "printing" through a filament change; at the end of a job it parks there too. */
function isParked(view: View): boolean {
  const { yMillimeters } = position(view.status ?? {});
  return yMillimeters !== null && yMillimeters >= chuteMillimeters && (progress(view) ?? 0) < 100;
}

function progress(view: View): number | null {
  const status = view.status ?? {};
  return number(fields(status["machine_status"])["progress"]) ?? number(fields(status["print_status"])["progress"]);
}

function readJob(view: View): Job | null {
  if (!hasJob(view) && view.outcome !== "unknown") return null;
  const job = fields(view.status?.["print_status"]);
  const { file, uuid } = jobOf(view);
  const percent = progress(view);
  const known = view.layers !== undefined && view.layers.file === file ? view.layers.count : null;
  return {
    id: uuid,
    file,
    progressRatio: view.outcome === "finished" ? 1 : percent === null ? null : ratio(percent / 100),
    elapsedSeconds: number(job["print_duration"]),
    remainingSeconds: number(job["remaining_time_sec"]),
    layer: number(job["current_layer"]),
    layers: number(job["total_layer"]) || known,
  };
}

/** Whether the layers of the running job have to be asked for. */
export function lacksLayers(view: View): boolean {
  return hasJob(view) && readJob(view)?.layers === null && jobOf(view).file !== null;
}

function heater(part: unknown): Heater {
  const { temperature, target } = fields(part);
  return { actualCelsius: tenths(temperature), targetCelsius: tenths(target) };
}

/** It is measured and has no heater. */
function chamber(status: Fields): Heater {
  const sensor = fields(status["ztemperature_sensor"] ?? status["chamber"]);
  return { actualCelsius: tenths(sensor["temperature"]), targetCelsius: null };
}

function fans(speeds: Fields): Fan[] {
  return Object.entries(fanNames).map(([wire, id]) => {
    const pwm = fanPwm(speeds, wire);
    return { id, speedRatio: pwm === null ? null : ratio(Math.round((pwm / 255) * 100) / 100) };
  });
}

function fanPwm(speeds: Fields, wire: string): number | null {
  return number(fields(speeds[wire])["speed"]);
}

/** The raw speed of a fan, 0 to 255, by its wire name. */
export function readFanPwm(view: View, wire: string): number | null {
  return fanPwm(fields(view.status?.["fans"]), wire);
}

function move(status: Fields): Fields {
  return fields(status["gcode_move"] ?? status["gcode_move_inf"]);
}

function position(status: Fields): Position {
  const { x, y, z } = move(status);
  return { xMillimeters: number(x), yMillimeters: number(y), zMillimeters: number(z) };
}

/** The speed mode as the wire has it just now; it may be that of a single move. */
export function wireSpeedMode(view: View): number | null {
  return number(move(view.status ?? {})["speed_mode"]);
}

/** Axes that are homed: "", "x", … "xyz". */
export function homedAxes(view: View): string {
  return text(fields(view.status?.["tool_head"] ?? view.status?.["toolhead"])["homed_axes"])?.toLowerCase() ?? "";
}

/** False when the sensor is on and sees no filament. */
export function hasFilament(view: View): boolean {
  const extruder = fields(view.status?.["extruder"]);
  return flag(extruder["filament_detected"]) !== false || flag(extruder["filament_detect_enable"]) === false;
}

/** Whether a Canvas is attached, as far as the printer has told. */
export function hasCanvas(view: View): boolean {
  if (traysOf(view.canvas).length > 0) return true;
  if (view.canvas?.["canvas_list"] !== undefined) return false;
  const type = fields(view.status?.["external_device"])["type"];
  return type !== undefined && type !== null && !["", "0", 0].includes(type as string | number);
}

function storages(disk: Fields | undefined): Storage[] {
  if (disk === undefined) return [];
  const sizeBytes = number(disk["total_bytes"]);
  const usedBytes = number(disk["used_bytes"]);
  const freeBytes =
    number(disk["free_bytes"]) ?? (sizeBytes !== null && usedBytes !== null ? sizeBytes - usedBytes : null);
  return [{ id: "local", usedBytes, freeBytes, sizeBytes }];
}

function connections(attributes: Fields): ConnectionBudget[] {
  return [
    { id: "control", used: 1, allowed: controlConnections },
    {
      id: "camera",
      used: number(attributes["video_connections"]),
      allowed: number(attributes["max_video_connections"]),
    },
  ];
}

function faults(view: View): Fault[] {
  const stopped = machineStatus(view) === machine.emergency;
  const found = exceptions(view).map((code) => fault(code, stopped || code === runOut));
  const code = number(view.status?.["error_code"]) ?? 0;
  if (code !== 0 && !exceptions(view).includes(code)) found.push(fault(code, stopped));
  if (found.length > 0 || !stopped) return found;
  const text = "the printer has made an emergency stop; look at its screen, then restart it";
  return [{ code: String(machine.emergency), severity: "error", text, help: null }];
}

function fault(code: number, stopsTheJob: boolean): Fault {
  return { code: String(code), severity: stopsTheJob ? "error" : "warning", text: wordsFor(code), help: null };
}

/** What the printer says it is. */
export function readIdentity(attributes: Fields, serial: string): Identity {
  const versions = fields(attributes["software_version"]);
  return {
    model: text(attributes["machine_model"]),
    firmware: text(versions["ota_version"]),
    serial: text(attributes["sn"]) ?? serial,
  };
}

function tenths(value: unknown): number | null {
  const celsius = number(value);
  return celsius === null ? null : Math.round(celsius * 10) / 10;
}

function ratio(value: number): number {
  return Math.min(1, Math.max(0, value));
}
