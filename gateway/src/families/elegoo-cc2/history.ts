// The printer's history: past jobs, how they ended, and their time-lapses. Pure. The printer keeps
// the last 50, the oldest first, and ignores paging.

import type { PastJob, Timelapse } from "../../model/file-commands.ts";
import { number, text, type Fields } from "./codec.ts";
import type { Outcome } from "./view.ts";

/** `task_status` */
const results: Readonly<Record<number, PastJob["result"]>> = {
  1: "finished",
  2: "cancelled",
  3: "cancelled",
  4: "running",
  5: "running",
};

const outcomes: Partial<Record<PastJob["result"], Outcome>> = { finished: "finished", cancelled: "stopped" };

/** `time_lapse_video_status`; 0 is not recorded. Of 1 there are pictures that nobody has rendered yet. */
const timelapseStates: Readonly<Record<number, Timelapse["status"]>> = { 1: "making", 2: "ready", 3: "failed" };

/** Past jobs, the newest first. */
export function readHistory(tasks: readonly Fields[]): PastJob[] {
  return newestFirst(tasks).map((task) => ({
    id: taskId(task),
    file: text(task["task_name"]),
    result: results[number(task["task_status"]) ?? -1] ?? "unknown",
    reason: null,
    startedAt: instant(task["begin_time"]),
    endedAt: instant(task["end_time"]),
    layers: null,
  }));
}

/** How the newest job ended, when it was of this file; null when the history does not tell. */
export function outcomeOf(tasks: readonly Fields[], file: string | null): Outcome | null {
  const newest = readHistory(tasks)[0];
  if (newest === undefined || (file !== null && newest.file !== null && newest.file !== file)) return null;
  return outcomes[newest.result] ?? null;
}

export function readTimelapses(tasks: readonly Fields[]): Timelapse[] {
  return newestFirst(tasks).flatMap((task) => {
    const status = timelapseStates[number(task["time_lapse_video_status"]) ?? 0];
    if (status === undefined) return [];
    return [{ id: taskId(task), file: text(task["task_name"]), status, recordedAt: instant(task["begin_time"]) }];
  });
}

/** Where the rendered video of a job lies, `video/<name>.mp4`; null when there is none. */
export function videoOf(tasks: readonly Fields[], id: string): string | null {
  const task = tasks.find((candidate) => taskId(candidate) === id);
  if (task === undefined || number(task["time_lapse_video_status"]) !== 2) return null;
  const address = text(task["time_lapse_video_url"]) ?? "";
  const name = /([^/?&=]+\.mp4)/iu.exec(decoded(address))?.[1];
  return name === undefined ? null : `video/${name}`;
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address; // a bare per cent sign in a name
  }
}

function newestFirst(tasks: readonly Fields[]): Fields[] {
  return tasks.toSorted((a, b) => (number(b["begin_time"]) ?? 0) - (number(a["begin_time"]) ?? 0));
}

function taskId(task: Fields): string {
  return text(task["task_id"]) ?? String(number(task["task_id"]) ?? number(task["begin_time"]) ?? "");
}

/** Unix seconds as ISO 8601 UTC; null for 0 and for what no calendar knows. */
export function instant(value: unknown): string | null {
  const seconds = number(value);
  if (seconds === null || seconds <= 0 || seconds > 1e11) return null;
  return new Date(seconds * 1000).toISOString();
}
