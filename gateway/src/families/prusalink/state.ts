// PrusaLink's status, job and storages → the product's readings. Pure. Facts: Prusa-Link-Web
// spec/openapi.yaml; where Buddy firmware and the Raspberry Pi service differ, both are read.

import {
  unknownReadings,
  type Fault,
  type Identity,
  type Job,
  type Phase,
  type Readings,
  type Storage,
} from "../../model/printer.ts";
import { fields, list, number, text, type Fields } from "./answers.ts";
import { jobFile } from "./paths.ts";

/** `printer.state` → phase and stage. */
const phases: Readonly<Record<string, readonly [Phase, string | null]>> = {
  IDLE: ["idle", null],
  READY: ["idle", "ready for a remote print"],
  BUSY: ["busy", null],
  PRINTING: ["printing", null],
  PAUSED: ["paused", null],
  FINISHED: ["finished", null],
  STOPPED: ["stopped", null],
  ERROR: ["failed", "error"],
};

const attention = "somebody must act at the printer";

/** `/api/v1/status`, and `/api/v1/job` of the job in it, where there is one. */
export function readStatus(status: Fields, job: Fields, storages: readonly Storage[]): Readings {
  const printer = fields(status["printer"]);
  const { phase, stage } = readPhase(printer, status);
  const active = phase === "printing" || phase === "paused";
  return {
    ...unknownReadings,
    phase,
    stage,
    job: active ? readJob(fields(status["job"]), job, storages) : null,
    nozzles: [
      { id: "0", actualCelsius: number(printer["temp_nozzle"]), targetCelsius: number(printer["target_nozzle"]) },
    ],
    bed: { actualCelsius: number(printer["temp_bed"]), targetCelsius: number(printer["target_bed"]) },
    speedRatio: ratio(printer["speed"]),
    position: {
      xMillimeters: number(printer["axis_x"]),
      yMillimeters: number(printer["axis_y"]),
      zMillimeters: number(printer["axis_z"]),
    },
    faults: faults(printer),
    storages,
  };
}

function readPhase(printer: Fields, status: Fields): { phase: Phase; stage: string | null } {
  const word = text(printer["state"]) ?? "";
  if (word === "ATTENTION") {
    return { phase: number(fields(status["job"])["id"]) === null ? "busy" : "paused", stage: attention };
  }
  const known = phases[word];
  if (known === undefined) return { phase: "unknown", stage: word === "" ? null : word.toLowerCase() };
  return { phase: known[0], stage: known[1] };
}

function readJob(brief: Fields, job: Fields, storages: readonly Storage[]): Job {
  const id = number(brief["id"]) ?? number(job["id"]);
  const detail = number(job["id"]) === id ? job : {};
  const progress = ratio(brief["progress"] ?? detail["progress"]);
  const elapsed = number(brief["time_printing"] ?? detail["time_printing"]);
  return {
    id: id === null ? null : String(id),
    file: jobFile(fields(detail["file"]), storages),
    progressRatio: progress === null ? null : Math.min(1, Math.max(0, progress)),
    // In a print over the serial line 0.8.1 keeps it at 0 (seen): then it is not known.
    elapsedSeconds: elapsed === 0 && progress !== null && progress > 0 ? null : elapsed,
    remainingSeconds: number(brief["time_remaining"] ?? detail["time_remaining"]),
    layer: null,
    layers: null,
  };
}

function faults(printer: Fields): Fault[] {
  const state = text(printer["state"]);
  const { ok, message } = fields(printer["status_printer"]);
  const said = ok === false ? text(message) : null;
  if (state !== "ERROR" && state !== "ATTENTION" && said === null) return [];
  const severity = state === "ERROR" ? "error" : "warning";
  const usual = state === "ERROR" ? "the printer reports an error; look at its screen" : attention;
  return [{ code: state ?? "UNKNOWN", severity, text: said ?? usual, help: null }];
}

/** `storage_list`, or the `storage` of a status: an object on Buddy boards, a list on the Pi. */
export function readStorages(storages: unknown): readonly Storage[] {
  return list(storages)
    .filter((storage) => storage["available"] !== false && text(storage["path"]) !== null)
    .map((storage) => {
      const freeBytes = number(storage["free_space"]);
      const sizeBytes = number(storage["total_space"]);
      const usedBytes = freeBytes === null || sizeBytes === null ? null : sizeBytes - freeBytes;
      return { id: (text(storage["path"]) ?? "").replace(/^\//u, ""), usedBytes, freeBytes, sizeBytes };
    });
}

export function readIdentity(version: Fields, info: Fields): Identity {
  const model = text(version["original"])?.replace(/^PrusaLink\s+/u, "Prusa ") ?? text(version["printer"]);
  return {
    model: model ?? text(version["hostname"]) ?? "Prusa printer",
    firmware: text(version["firmware"]) ?? text(version["server"]),
    serial: text(info["serial"]),
  };
}

/** The service on a Raspberry Pi, which has more than the firmware of Buddy boards. */
export function isPi(version: Fields): boolean {
  return text(version["sdk"]) !== null || text(version["original"]) !== null;
}

/** Percent → ratio. */
function ratio(value: unknown): number | null {
  const percent = number(value);
  return percent === null ? null : Math.round(percent * 10) / 1000;
}
