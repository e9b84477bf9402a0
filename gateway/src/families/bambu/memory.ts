// What is known of a printer longer than one session lasts, in memory only, one per inventory entry:
// how the job began and ended, and when full reports were asked for. Facts: the family's README.

import { authorizationMemory, type AuthorizationMemory } from "./signing/authorization.ts";
import { fields, gcodeState, number, text } from "./report-fields.ts";
import type { Connection } from "./connection.ts";
import type { Body, Report } from "./printer-link.ts";

/** One run of a job, as far as the printer tells it in passing and then no more. */
export interface JobMemory {
  /** null before the first report: a job that runs then began unseen. */
  readonly isActive: boolean | null;
  /** The code that says so stands in the report for a second or three. */
  readonly isCancelled: boolean;
  /** When it was seen to begin and to end, Unix ms; null where that was not seen. */
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  /** What started it: sent once on the report topic, by whichever client. */
  readonly order: {
    readonly file: string;
    readonly plate: number | null;
    readonly jobName: string;
    readonly jobId: string;
  } | null;
}

export const noJob: JobMemory = { isActive: null, isCancelled: false, startedMs: null, endedMs: null, order: null };

export interface Memory {
  readonly authorization: AuthorizationMemory;
  job: JobMemory;
  /** When full reports were asked for, monotonic ms, the newest last. */
  fullReportsMs: readonly number[];
}

const memories = new WeakMap<Connection, Memory>();

/** The memory of the printer of this inventory entry. */
export function memoryOf(connection: Connection): Memory {
  const known = memories.get(connection);
  if (known !== undefined) return known;
  const memory: Memory = { authorization: authorizationMemory(), job: noJob, fullReportsMs: [] };
  memories.set(connection, memory);
  return memory;
}

const cancelCodes: ReadonlySet<number | null> = new Set([0x0300_400c, 0x0500_400e]);
const active: ReadonlySet<string> = new Set(["PREPARE", "SLICING", "RUNNING", "PAUSE"]);

/** Whether this `print_error` only says that somebody cancelled the job. */
export function isCancelCode(code: number | null): boolean {
  return cancelCodes.has(code);
}

/** What is remembered of the job after a report. */
export function afterReport(before: JobMemory, report: Report, nowMs: number): JobMemory {
  const isActive = active.has(gcodeState(report));
  const isCancelled = isCancelCode(number(report["print_error"]));
  if (isActive && before.isActive !== true) {
    return { ...before, isActive, isCancelled, startedMs: before.isActive === null ? null : nowMs, endedMs: null };
  }
  const endedMs = !isActive && before.isActive === true ? nowMs : before.endedMs;
  return { ...before, isActive, isCancelled: before.isCancelled || isCancelled, endedMs };
}

/** What is remembered of the job after a `project_file`, whoever sent it. */
export function afterOrder(before: JobMemory, body: Body): JobMemory {
  const file = orderedFile(body);
  const plate = /plate_(\d{1,2})\.gcode$/u.exec(text(body["param"]))?.[1];
  if (file === null || /^fail/iu.test(text(body["result"]))) return before;
  return {
    ...before,
    order: {
      file,
      plate: plate === undefined ? null : Number(plate),
      jobName: text(body["subtask_name"]),
      jobId: text(body["subtask_id"]),
    },
  };
}

/** Whether the job that began is the one that was ordered last. */
export function fits({ jobName, jobId }: NonNullable<JobMemory["order"]>, report: Report): boolean {
  const id = text(report["subtask_id"]);
  return (
    (jobName !== "" && text(report["subtask_name"]) === jobName) || (jobId !== "" && jobId !== "0" && id === jobId)
  );
}

/** A path below the storage's root; null for a job out of the cloud. */
function orderedFile(body: Body): string | null {
  const url = text(body["url"]);
  const path = /^(?:file:\/\/\/(?:mnt\/)?sdcard\/|ftp:\/\/\/?)(.+)$/u.exec(url)?.[1];
  const name = path ?? (url.startsWith("http") ? "" : text(fields(body)["file"]));
  return name === "" || name.includes("\0") ? null : name.slice(0, 255);
}
