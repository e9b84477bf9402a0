// What the printer has told so far, put together from whole statuses and changes. Pure: each
// function gives a new view, the same one when nothing changed. What it means is in ./state.ts.

import type { Phase } from "../../model/printer.ts";
import { fields, isFields, list, number, text, type Fields } from "./codec.ts";
import { machine } from "./stages.ts";

export interface View {
  /** The whole status; undefined before the first. */
  readonly status: Fields | undefined;
  readonly canvas: Fields | undefined;
  readonly attributes: Fields;
  readonly disk: Fields | undefined;
  /** The number of layers of a file, which status changes do not carry. */
  readonly layers: { readonly file: string; readonly count: number } | undefined;
  /** How the last job ended; `unknown` while that is being looked up, null when there is nothing to tell. */
  readonly outcome: Outcome | null;
}

export type Outcome = Extract<Phase, "finished" | "stopped" | "failed"> | "unknown";

export const emptyView: View = {
  status: undefined,
  canvas: undefined,
  attributes: {},
  disk: undefined,
  layers: undefined,
  outcome: null,
};

/** The parts of a status that are kept. */
const parts = [
  "machine_status",
  "print_status",
  "extruder",
  "heater_bed",
  "ztemperature_sensor",
  "chamber",
  "fans",
  "led",
  "gcode_move",
  "gcode_move_inf",
  "tool_head",
  "toolhead",
  "external_device",
  "error_code",
] as const;

/** Deeper than any status is; a bottomless one is cut off here. */
const maxDepth = 6;

/** Sub-statuses with which a job ends; they may live for one push only. */
const endings: Readonly<Record<number, Outcome>> = { 2077: "finished", 2504: "stopped" };

/** `print_status.state` once a job is over; often empty. */
const stateWords: Readonly<Record<string, Outcome>> = {
  complete: "finished",
  cancelled: "stopped",
  error: "failed",
};

/** A whole status takes the place of all that was known. */
export function withStatus(view: View, result: Fields, jobRan = false): View {
  const next = adopt({ ...view, status: pick(result) }, result["canvas_info"]);
  return { ...next, outcome: outcomeOf(view, next, jobRan) };
}

/** A status change; dropped while no whole status is known. */
export function withDelta(view: View, delta: Fields): View {
  if (view.status === undefined) return view;
  const status = merge(view.status, pick(delta), maxDepth);
  const next = adopt(status === view.status ? view : { ...view, status }, delta["canvas_info"]);
  const outcome = outcomeOf(view, next, false);
  return outcome === next.outcome ? next : { ...next, outcome };
}

/** Canvas trays come whole, the values beside them one by one. */
function adopt(view: View, canvas: unknown): View {
  if (!isFields(canvas)) return view;
  const merged = merge(view.canvas ?? {}, canvas, maxDepth);
  return merged === view.canvas ? view : { ...view, canvas: merged };
}

/** The answer to the question about the Canvas: whole. */
export function withCanvas(view: View, result: Fields): View {
  return { ...view, canvas: fields(result["canvas_info"]) };
}

export function withAttributes(view: View, attributes: Fields): View {
  const merged = merge(view.attributes, attributes, maxDepth);
  return merged === view.attributes ? view : { ...view, attributes: merged };
}

/** How a job ended whose end was missed, by the printer's history; null when that does not tell. */
export function withOutcome(view: View, outcome: Outcome | null): View {
  return view.outcome === "unknown" ? { ...view, outcome } : view;
}

export function machineStatus(view: View): number | null {
  return number(fields(view.status?.["machine_status"])["status"]);
}

export function subStatus(view: View): number {
  return number(fields(view.status?.["machine_status"])["sub_status"]) ?? 0;
}

/** Whether a job runs, paused and preparing included. */
export function hasJob(view: View): boolean {
  const status = machineStatus(view);
  return status === machine.job || status === machine.powerLoss;
}

/** The file and the run the status speaks of. */
export function jobOf(view: View): { readonly file: string | null; readonly uuid: string | null } {
  const job = fields(view.status?.["print_status"]);
  return { file: text(job["filename"]), uuid: text(job["uuid"]) };
}

/** Active error codes. */
export function exceptions(view: View): readonly number[] {
  return list(fields(view.status?.["machine_status"])["exception_status"])
    .map((code) => number(code))
    .filter((code) => code !== null);
}

function outcomeOf(before: View, after: View, jobRan: boolean): Outcome | null {
  if (hasJob(after)) return endings[subStatus(after)] ?? null;
  const told = stateWords[text(fields(after.status?.["print_status"])["state"]) ?? ""] ?? null;
  const ran = before.status === undefined ? jobRan : hasJob(before);
  if (ran) return endings[subStatus(before)] ?? told ?? "unknown";
  return before.status === undefined ? told : before.outcome;
}

function pick(status: Fields): Fields {
  const kept = parts.filter((part) => status[part] !== undefined).map((part) => [part, status[part]] as const);
  return Object.fromEntries(kept);
}

/** Objects merge, arrays and single values replace. Parts that did not change keep their identity. */
export function merge(base: Fields, delta: Fields, depth: number): Fields {
  let merged: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(delta)) {
    if (key === "__proto__") continue; // it would not become a key
    const before = base[key];
    const after = isFields(before) && isFields(value) && depth > 0 ? merge(before, value, depth - 1) : value;
    if (Object.is(before, after)) continue;
    merged ??= { ...base };
    merged[key] = after;
  }
  return merged ?? base;
}
