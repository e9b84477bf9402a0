// OctoPrint's reports → the product's readings. Pure. OctoPrint keeps no word for a finished or a
// stopped job: both follow from what came before. Flags decide, texts are for people, as its manual
// asks. Facts: comm.py of OctoPrint, and what 1.11.8 and 2.0.0rc3 were seen to send.

import {
  unknownReadings,
  type Fault,
  type Heater,
  type Job,
  type Nozzle,
  type Phase,
  type Readings,
  type Storage,
} from "../../model/printer.ts";
import type { Report, Temperature } from "./codec.ts";
import type { Machine } from "./machine.ts";

export interface MachineError {
  readonly text: string;
  readonly help: string | null;
}

/** Everything a session knows; the next one is made of this and a report. */
export interface Known {
  readonly report: Report;
  readonly temperatures: Readonly<Record<string, Temperature>>;
  /** mm; only the push socket tells it. */
  readonly z: number | null;
  readonly phase: Phase;
  /** What an event said of the machine's last error. 2.0 tells it nowhere else. */
  readonly error: MachineError | null;
  /** How the job of the selected file ended. */
  readonly ended: { readonly phase: Phase; readonly file: string | null } | null;
}

export const notConnected = "OctoPrint is not connected to the printer";

const active: ReadonlySet<Phase> = new Set(["preparing", "printing", "pausing", "paused", "resuming", "stopping"]);

/** In this order: 2.0 leaves `printing` set while it is paused. */
const phaseByFlag: readonly (readonly [string, Phase])[] = [
  ["cancelling", "stopping"],
  ["pausing", "pausing"],
  ["resuming", "resuming"],
  ["paused", "paused"],
  ["finishing", "printing"],
  ["printing", "printing"],
];

/** Texts that the flags do not tell apart. */
const phaseByText: readonly (readonly [RegExp, Phase])[] = [
  [/^(?:opening|detecting|connecting)/iu, "busy"],
  [/^(?:transferr?ing|sending|starting to send) .*\bsd$/iu, "busy"],
  [/^starting/iu, "preparing"],
];

/** What is known after a report; `before` is undefined for the first. */
export function reduce(before: Known | undefined, report: Report): Known {
  const kept = report.flags === null ? {} : (before?.temperatures ?? {});
  const now = livePhase(report);
  const ended = endOf(before, report, now);
  return {
    report,
    temperatures: report.temperatures ?? kept,
    z: report.flags === null ? null : report.z === undefined ? (before?.z ?? null) : report.z,
    phase: now === "idle" && ended !== null ? ended.phase : now,
    ended,
    error: isFreshStart(before, report, now) ? null : (before?.error ?? null),
  };
}

/** The machine is being connected, or begins a job: what was wrong before is past. */
function isFreshStart(before: Known | undefined, { flags }: Report, now: Phase): boolean {
  if (active.has(now)) return before === undefined || !active.has(before.phase);
  return now === "busy" || (flags !== null && before?.report.flags === null);
}

/** The machine reports an error, as an event says. */
export function erred(known: Known, error: MachineError): Known {
  return { ...known, error };
}

/** The job of the selected file fails, as an event says. */
export function failed(known: Known): Known {
  if (known.report.flags === null) return known;
  const ended = { phase: "failed", file: known.report.file } as const;
  return { ...known, ended, phase: active.has(known.phase) ? known.phase : "failed" };
}

function livePhase(report: Report): Phase {
  const { text, flags } = report;
  const byText = phaseByText.find(([pattern]) => pattern.test(text))?.[1];
  if (byText !== undefined) return byText;
  if (flags === null) return errorOf(report) === null ? "unknown" : "failed";
  const byFlag = phaseByFlag.find(([flag]) => flags.has(flag))?.[1];
  return byFlag ?? (flags.has("operational") ? "idle" : "unknown");
}

/** A job ends when an active machine is idle again; its file stays selected, its progress only when it is done. */
function endOf(before: Known | undefined, { flags, file, completion }: Report, now: Phase): Known["ended"] {
  if (flags === null || before === undefined) return endSeen(now, file, completion);
  const wasActive = active.has(before.phase);
  // Only an event sets it while the job still runs.
  if (active.has(now)) return wasActive ? before.ended : null;
  if (now !== "idle") return before.ended;
  if (before.ended?.phase === "failed" && before.ended.file === file) return before.ended;
  const seen = endSeen(now, file, completion);
  if (seen !== null) return seen;
  if (wasActive) return { phase: "stopped", file };
  return before.ended?.file === file ? before.ended : null;
}

/** What one report tells without any before it. */
function endSeen(now: Phase, file: string | null, completion: number | null): Known["ended"] {
  return now === "idle" && file !== null && (completion ?? 0) >= 100 ? { phase: "finished", file } : null;
}

/** Some ends of a connection leave a state of their own and no text. */
function errorOf({ error, flags, text }: Report): string | null {
  return error ?? (flags === null && /error/iu.test(text) ? text : null);
}

/** The readings of what is known. */
export function readingsOf(known: Known, machine: Machine, storages: readonly Storage[]): Readings {
  const { report, temperatures, phase, z } = known;
  const away = report.flags === null;
  return {
    ...unknownReadings,
    phase,
    stage: /^operational$/iu.test(report.text) || report.text === "" ? null : report.text,
    job: active.has(phase) ? jobOf(report) : null,
    nozzles: away ? [] : nozzles(machine, temperatures),
    bed: away || !machine.hasBed ? null : heater(temperatures["bed"]),
    chamber: away || !machine.hasChamber ? null : heater(temperatures["chamber"]),
    position: away ? null : { xMillimeters: null, yMillimeters: null, zMillimeters: z },
    storages,
    faults: faults(known),
  };
}

function jobOf({ file, completion, printTimeSeconds, printTimeLeftSeconds }: Report): Job {
  return {
    id: null,
    file,
    progressRatio: completion === null ? null : Math.min(1, Math.max(0, completion / 100)),
    elapsedSeconds: printTimeSeconds,
    remainingSeconds: printTimeLeftSeconds,
    layer: null,
    layers: null,
  };
}

/** As many as the profile has, and any more that report a temperature. */
function nozzles({ nozzles: count }: Machine, temperatures: Known["temperatures"]): Nozzle[] {
  const reported = Object.keys(temperatures).flatMap((name) =>
    name.startsWith("tool") ? [Number(name.slice(4))] : [],
  );
  const ids = new Set([...Array.from({ length: count }, (_, index) => index), ...reported]);
  return [...ids].toSorted((a, b) => a - b).map((id) => ({ id: String(id), ...heater(temperatures[`tool${id}`]) }));
}

function heater(temperature: Temperature | undefined): Heater {
  return { actualCelsius: temperature?.actual ?? null, targetCelsius: temperature?.target ?? null };
}

function faults({ phase, report, error }: Known): Fault[] {
  const text = errorOf(report) ?? (phase === "failed" ? (error?.text ?? null) : null);
  if (text !== null) {
    const about = error ?? { text, help: null };
    return [{ code: "printer_error", severity: "error", ...about }];
  }
  if (report.flags !== null || phase === "busy") return [];
  return [{ code: "not_connected", severity: "warning", text: notConnected, help: null }];
}
