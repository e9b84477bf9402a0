// SDCP status and attributes → the product's readings. Pure; a status frame is always whole.
// Codes in words: ./words.ts. What happened before this frame: ./job-watch.ts.

import {
  unknownReadings,
  type ConnectionBudget,
  type Fan,
  type Fault,
  type Heater,
  type Identity,
  type Job,
  type Phase,
  type Position,
  type Readings,
  type Storage,
} from "../../model/printer.ts";
import { fields, number, text, type Fields } from "./codec.ts";
import { limits, speedModes } from "./limits.ts";
import { busyWords, errorWords, stageWords } from "./words.ts";

/** Machine status: the elements of `CurrentStatus`; several may hold at once. */
const machine = { idle: 0, job: 1, receiving: 2, checking: 8 } as const;

/** No print may be started during these. */
const occupying: ReadonlySet<number> = new Set([machine.job, machine.receiving, machine.checking]);

/** `PrintInfo.Status` while a job is active → phase; anything else is preparing. */
const jobPhases: Readonly<Record<number, Phase>> = {
  5: "pausing",
  6: "paused",
  7: "stopping",
  8: "stopped",
  9: "finished",
  12: "resuming",
  13: "printing",
  14: "failed",
  25: "printing",
  26: "printing",
};

/** Preheating done: V1.4.46 stays on it for the whole job. */
const preheated = 20;

/** The sub-status stays after the end and tells how the last job ended. */
const lastResults: Readonly<Record<number, Phase>> = { 8: "stopped", 9: "finished", 14: "failed" };

/** Names of the speed presets by their percent. */
const speedNames = new Map<number, string>(Object.entries(speedModes).map(([name, percent]) => [percent, name]));

/** The elements of `CurrentStatus`; very old firmware sends a bare number, one build a misspelt key. */
export function machineStatus(status: Fields): readonly number[] {
  const value = status["CurrentStatus"] ?? status["CurrenStatus"];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((element) => number(element)).filter((element) => element !== null);
}

/** Whether a job, a file transfer or a file check is going on, or may be: no print may be started then. */
export function isOccupied(status: Fields): boolean {
  const list = machineStatus(status);
  return list.length === 0 || list.some((element) => occupying.has(element));
}

/** Whether a job is going on, paused or not. */
export function hasJob(status: Fields): boolean {
  return machineStatus(status).includes(machine.job);
}

/** Whether a file comes in or is checked. */
export function isTakingFile(status: Fields): boolean {
  const list = machineStatus(status);
  return list.includes(machine.receiving) || list.includes(machine.checking);
}

/** Whether the machine does nothing at all: the only time to move it or to change its files. */
export function isIdle(status: Fields): boolean {
  const list = machineStatus(status);
  return list.length > 0 && list.every((element) => element === machine.idle);
}

/** Readings of one `Status` object. */
export function readStatus(status: Fields): Readings {
  const info = fields(status["PrintInfo"] ?? status["Printinfo"]);
  const list = machineStatus(status);
  const { phase, stage } = readPhase(list, info);
  return {
    ...unknownReadings,
    phase,
    stage,
    job: list.includes(machine.job) ? readJob(info) : null,
    nozzles: [{ id: "0", ...heater(status, "Nozzle") }],
    bed: heater(status, "Hotbed"),
    chamber: chamber(status),
    fans: fans(status),
    ...speed(info),
    lights: [{ id: "chamber", on: onOff(fields(status["LightStatus"])["SecondLight"]) }],
    position: position(status),
    zOffsetMillimeters: thousandths(status["ZOffset"]),
    faults: faults(phase, info),
  };
}

function readPhase(list: readonly number[], info: Fields): { phase: Phase; stage: string | null } {
  const code = number(info["Status"]) ?? 0;
  if (list.includes(machine.job)) {
    const parked = code === preheated && (number(info["CurrentLayer"]) ?? 0) > 0;
    return parked
      ? { phase: "printing", stage: "printing" }
      : { phase: jobPhases[code] ?? "preparing", stage: stageWords[code] ?? `status ${code}` };
  }
  if (list.includes(machine.checking)) return { phase: "busy", stage: "checking file" };
  const busy = list.find((element) => busyWords[element] !== undefined);
  if (busy !== undefined) return { phase: "busy", stage: busyWords[busy] ?? null };
  if (list.includes(machine.receiving)) return { phase: "busy", stage: "receiving file" };
  if (list.includes(machine.idle)) return { phase: lastResults[code] ?? "idle", stage: null };
  return { phase: "unknown", stage: `status ${list.join(", ")}` };
}

function readJob(info: Fields): Job {
  const elapsed = number(info["CurrentTicks"]);
  const total = number(info["TotalTicks"]);
  const progress = number(info["Progress"]);
  const layers = number(info["TotalLayer"]);
  return {
    id: text(info["TaskId"]),
    // Firmware tells either form; a bare name means the internal storage.
    file: text(info["Filename"])?.replace(/^\/local\//u, "") ?? null,
    progressRatio: number(info["Status"]) === 9 ? 1 : progress === null ? null : clamp(progress / 100),
    elapsedSeconds: elapsed,
    remainingSeconds: elapsed === null || total === null || total === 0 ? null : Math.max(0, total - elapsed),
    layer: number(info["CurrentLayer"]),
    layers: layers === 0 ? null : layers,
  };
}

/** Schema A has `TempOfX` and `TempTargetX`; schema B (V1.0) has `TempOfX = [target, actual]`. */
function heater(status: Fields, part: string): Heater {
  const value: unknown = status[`TempOf${part}`];
  if (Array.isArray(value)) return { targetCelsius: tenths(value[0]), actualCelsius: tenths(value[1]) };
  return { actualCelsius: tenths(value), targetCelsius: tenths(status[`TempTarget${part}`]) };
}

/** The stock machine has no chamber heater and reports 0 as its target. */
function chamber(status: Fields): Heater {
  const { actualCelsius, targetCelsius } = heater(status, "Box");
  return { actualCelsius, targetCelsius: targetCelsius === 0 ? null : targetCelsius };
}

function fans(status: Fields): Fan[] {
  const speeds = fields(status["CurrentFanSpeed"]);
  const percents = {
    part: speeds["ModelFan"] ?? speeds["ModeFan"],
    aux: speeds["AuxiliaryFan"],
    chamber: speeds["BoxFan"],
  };
  return Object.entries(percents).map(([id, value]) => {
    const percent = number(value);
    return { id, speedRatio: percent === null ? null : clamp(percent / 100) };
  });
}

function speed(info: Fields): Pick<Readings, "speedRatio" | "speedMode"> {
  // Absent or 0 while idle; the vendor's own page shows 100 then.
  const percent = number(info["PrintSpeedPct"]) || 100;
  return { speedRatio: percent / 100, speedMode: speedNames.get(percent) ?? null };
}

function faults(phase: Phase, info: Fields): Fault[] {
  const code = number(info["ErrorNumber"]) ?? number(info["ErrNum"]) ?? 0;
  if (code !== 0) {
    const words = errorWords[code] ?? `error ${code}`;
    return [{ code: String(code), severity: "error", text: words, help: null }];
  }
  return phase === "failed" ? [unexplainedFailure] : [];
}

/** A job that failed while the printer says nothing of the reason; the history may. */
export const unexplainedFailure: Fault = {
  code: "14",
  severity: "error",
  text: "the job ended with an error; look at the printer's screen",
  help: null,
};

/** `CurrenCoord` (sic), `"x,y,z"` in mm. */
function position(status: Fields): Position | null {
  const coordinates = text(status["CurrenCoord"]) ?? text(status["CurrentCoord"]);
  if (coordinates === null) return null;
  const [x, y, z] = coordinates.split(",").map((part) => thousandths(part.trim() === "" ? null : Number(part)));
  return { xMillimeters: x ?? null, yMillimeters: y ?? null, zMillimeters: z ?? null };
}

/** What the printer says it is. The firmware loses its leading V. */
export function readIdentity(attributes: Fields): Identity {
  return {
    model: text(attributes["MachineName"]),
    firmware: text(attributes["FirmwareVersion"])?.replace(/^v/iu, "") ?? null,
    serial: text(attributes["MainboardID"]),
  };
}

/** Where files lie; the printer tells only how much is free. */
export function readStorages(attributes: Fields): Storage[] {
  const free = number(attributes["RemainingMemory"]);
  const unknown = { usedBytes: null, freeBytes: null, sizeBytes: null };
  const local = { ...unknown, id: "local", freeBytes: free === null || free < 0 ? null : free };
  return number(attributes["UsbDiskStatus"]) === 1 ? [local, { ...unknown, id: "usb" }] : [local];
}

/** How many may watch. Of the control connections ours is the one that is known: the printer only refuses the sixth. */
export function readConnections(attributes: Fields): ConnectionBudget[] {
  return [
    { id: "control", used: 1, allowed: limits.sockets },
    {
      id: "camera",
      used: number(attributes["NumberOfVideoStreamConnected"]),
      allowed: number(attributes["MaximumVideoStreamAllowed"]),
    },
  ];
}

function tenths(value: unknown): number | null {
  const celsius = number(value);
  return celsius === null ? null : Math.round(celsius * 10) / 10;
}

/** Without the noise of the firmware's floats, such as 1e-14. */
function thousandths(value: unknown): number | null {
  const millimeters = number(value);
  return millimeters === null ? null : Math.round(millimeters * 1000) / 1000 + 0;
}

function onOff(value: unknown): boolean | null {
  const state = number(value);
  return state === null ? null : state !== 0;
}

function clamp(ratio: number): number {
  return Math.min(1, Math.max(0, ratio));
}
