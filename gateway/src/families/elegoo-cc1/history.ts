// The printer's ring of the last 50 jobs, and the time-lapse videos that hang on them.

import type { CommandHandlers, Media } from "../../model/commands.ts";
import type { PastJob, Timelapse } from "../../model/file-commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { readTaskIds, readTasks } from "./history-requests.ts";
import { fetchMedia, ownPath } from "./http.ts";
import type { CentauriSession } from "./session.ts";
import { hasJob } from "./state.ts";
import type { Task } from "./tasks.ts";
import { refusalOf } from "./words.ts";

/** The printer makes the video when it is asked for it. */
const exportMs = 45_000;

export function historyHandlers(
  session: CentauriSession,
): Pick<CommandHandlers, "listHistory" | "listTimelapses" | "downloadTimelapse"> {
  return {
    listHistory: async ({ limit }, { signal }): Promise<{ items: PastJob[] }> => {
      const ids = await readTaskIds(session, signal);
      const tasks = await readTasks(session, ids.slice(0, limit), { signal });
      return { items: tasks.map(({ job }) => job) };
    },
    listTimelapses: async (_input, { signal }): Promise<{ items: Timelapse[] }> => {
      const tasks = await readTasks(session, await readTaskIds(session, signal), { signal });
      return { items: tasks.flatMap((task) => timelapseOf(task)) };
    },
    downloadTimelapse: async ({ id }, { signal }) => downloadTimelapse(session, id, signal),
  };
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
