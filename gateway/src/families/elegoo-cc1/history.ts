// The printer's ring of the last 50 jobs, and the time-lapse videos that hang on them.

import type { CommandHandlers, Media } from "../../model/commands.ts";
import type { PastJob, Timelapse } from "../../model/file-commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { isFields } from "./codec.ts";
import { fetchMedia, ownPath } from "./http.ts";
import type { CentauriSession } from "./session.ts";
import { hasJob } from "./state.ts";
import { readTask, type Task } from "./tasks.ts";
import { refusalOf } from "./words.ts";

/** The printer makes the video when it is asked for it. */
const exportMs = 45_000;

interface AskOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs?: number;
}

export function historyHandlers(
  session: CentauriSession,
): Pick<CommandHandlers, "listHistory" | "listTimelapses" | "downloadTimelapse"> {
  return {
    listHistory: async ({ limit }, { signal }): Promise<{ items: PastJob[] }> => {
      const ids = await taskIds(session, signal);
      const tasks = await readTasks(session, ids.slice(0, limit), { signal });
      return { items: tasks.map(({ job }) => job) };
    },
    listTimelapses: async (_input, { signal }): Promise<{ items: Timelapse[] }> => {
      const tasks = await readTasks(session, await taskIds(session, signal), { signal });
      return { items: tasks.flatMap((task) => timelapseOf(task)) };
    },
    downloadTimelapse: async ({ id }, { signal }) => downloadTimelapse(session, id, signal),
  };
}

/**
 * Jobs of the history in the order of the ids; what the printer does not know is left out.
 * @throws PrinterError `timeout`, `unreachable`, `printer_refused`
 */
export async function readTasks(session: CentauriSession, ids: readonly string[], ask: AskOptions): Promise<Task[]> {
  if (ids.length === 0) return [];
  const { ack, data } = await session.ask("readTasks", { Id: [...ids] }, ask);
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

/** Newest first. */
async function taskIds(session: CentauriSession, signal: AbortSignal): Promise<string[]> {
  const { ack, data } = await session.ask("listTasks", {}, { signal });
  if (ack !== null && ack !== 0) throw new PrinterError("printer_refused", refusalOf("listTasks", ack));
  const ids: unknown = data["HistoryData"];
  return Array.isArray(ids) ? ids.filter((id) => typeof id === "string" && id !== "") : [];
}

function timelapseOf({ job, video }: Task): Timelapse[] {
  if (video === null) return [];
  return [{ id: job.id, file: job.file, status: video.status, recordedAt: job.endedAt ?? job.startedAt }];
}

async function downloadTimelapse(session: CentauriSession, id: string, signal: AbortSignal): Promise<Media> {
  const [task] = await readTasks(session, [id], { signal });
  if (task?.video == null) throw new PrinterError("not_found", "the printer has no time-lapse of this job");
  const { status, url } = task.video;
  if (status !== "ready" || url === null) {
    throw new PrinterError("not_found", `the time-lapse of this job cannot be read: it is told as ${status}`);
  }
  if (hasJob(session.status)) {
    throw new PrinterError("wrong_phase", "the printer makes the video when asked, which would disturb its print");
  }
  const { ack, data } = await session.ask("exportTimelapse", { Url: [url] }, { signal, deadlineMs: exportMs });
  const paths: unknown = data["Data"];
  const [path] = Array.isArray(paths) ? paths.filter((item) => typeof item === "string") : [];
  if (ack !== 0 || path === undefined) {
    throw new PrinterError("printer_refused", refusalOf("exportTimelapse", ack));
  }
  const media = await fetchMedia(session, ownPath(session, path), signal);
  if (media === null) throw new PrinterError("not_found", "the printer made the video but does not give it out");
  return { ...media, mediaType: "video/mp4" };
}
