// One element of `HistoryDetailList` → a past job and its time-lapse. Pure.

import type { PastJob, Timelapse } from "../../model/file-commands.ts";
import { number, text, type Fields } from "./codec.ts";
import { nameOf } from "./stored-path.ts";
import { reasonOf } from "./words.ts";

/** `TaskStatus` of the firmware's print_history; 0 is "other" in the specification. */
const results: Readonly<Record<number, PastJob["result"]>> = {
  1: "finished",
  2: "failed",
  3: "cancelled",
  4: "running",
  5: "running",
};

/** `TimeLapseVideoStatus`; 0 is none. */
const videoStates: Readonly<Record<number, Timelapse["status"]>> = {
  1: "ready",
  2: "deleted",
  3: "making",
  4: "failed",
};

/** The printer's clock is not set before this, Unix seconds. */
const clockSetSeconds = 1_672_502_400;

export interface Task {
  readonly job: PastJob;
  /** The printer's own code of the reason; null where there is none. */
  readonly reasonCode: number | null;
  readonly video: { readonly status: Timelapse["status"]; readonly url: string | null } | null;
}

/** null when it is no task. */
export function readTask(detail: Fields): Task | null {
  const id = text(detail["TaskId"]);
  if (id === null) return null;
  const name = text(detail["TaskName"]);
  const reasonCode = number(detail["ErrorStatusReason"]) || null;
  const videoStatus = videoStates[number(detail["TimeLapseVideoStatus"]) ?? 0];
  return {
    job: {
      id,
      file: name === null ? null : nameOf(name),
      result: results[number(detail["TaskStatus"]) ?? 0] ?? "unknown",
      reason: reasonOf(reasonCode),
      startedAt: instant(detail["BeginTime"]),
      endedAt: instant(detail["EndTime"]),
      layers: number(detail["AlreadyPrintLayer"]),
    },
    reasonCode,
    video: videoStatus === undefined ? null : { status: videoStatus, url: text(detail["TimeLapseVideoUrl"]) },
  };
}

/** ISO 8601 of Unix seconds; null while the printer's clock was not set, and beyond what a date can be. */
export function instant(value: unknown): string | null {
  const seconds = number(value);
  if (seconds === null || seconds <= clockSetSeconds || seconds > 8.64e12) return null;
  return new Date(seconds * 1000).toISOString();
}
