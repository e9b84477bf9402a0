// What the printer is asked of its history: the ids of its last 50 jobs, and jobs by their ids.

import { PrinterError } from "../../model/errors.ts";
import { isFields } from "./codec.ts";
import type { Link } from "./link.ts";
import { readTask, type Task } from "./tasks.ts";
import { refusalOf } from "./words.ts";

/** Whoever can send a request and wait for its answer. */
type Asker = Pick<Link, "ask">;

interface AskOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs?: number;
}

/**
 * Jobs of the history in the order of the ids; what the printer does not know is left out.
 * @throws PrinterError `timeout`, `unreachable`, `printer_refused`
 */
export async function readTasks(printer: Asker, ids: readonly string[], options: AskOptions): Promise<Task[]> {
  if (ids.length === 0) return [];
  const { ack, data } = await printer.ask("readTasks", { Id: [...ids] }, options);
  if (ack !== null && ack !== 0) throw new PrinterError("printer_refused", refusalOf("readTasks", ack));
  const list: unknown = data["HistoryDetailList"];
  const details = Array.isArray(list) ? list.filter((detail) => isFields(detail)) : [];
  const tasks = new Map<string, Task>();
  for (const detail of details) {
    const task = readTask(detail);
    if (task !== null) tasks.set(task.job.id, task);
  }
  return ids.map((id) => tasks.get(id)).filter((task) => task !== undefined);
}

/** Newest first. @throws as readTasks */
export async function readTaskIds(printer: Asker, signal: AbortSignal): Promise<string[]> {
  const { ack, data } = await printer.ask("listTasks", {}, { signal });
  if (ack !== null && ack !== 0) throw new PrinterError("printer_refused", refusalOf("listTasks", ack));
  const ids: unknown = data["HistoryData"];
  return Array.isArray(ids) ? ids.filter((id) => typeof id === "string" && id !== "") : [];
}
