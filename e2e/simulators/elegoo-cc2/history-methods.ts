// Methods 1036 to 1038 and 1051: jobs of the past and their time-lapses.

import { errorCode } from "./errors.ts";
import { historyItem, videoUrl } from "./history.ts";
import { machineStatus } from "./machine.ts";
import type { Method } from "./method.ts";
import type { Printer } from "./printer.ts";
import type { JsonObject } from "./status.ts";

/** Wall time. */
const renderSeconds = 5;

export const historyMethods: Readonly<Record<number, Method>> = {
  // Paging is ignored: it is always the whole list.
  1036: ({ history: { tasks } }) => ({ history_task_list: tasks.map(historyItem), total: tasks.length }),
  1037: ({ history }, { uuid }) => {
    if (typeof uuid !== "string") return errorCode.invalidParameter;
    const task = history.find(uuid);
    return task === undefined ? errorCode.taskNotFound : historyItem(task);
  },
  1038: ({ history }, { list }) => {
    if (!Array.isArray(list) || list.length === 0) return errorCode.invalidParameter;
    const deleted = list.map((id: unknown) => history.delete(String(id)));
    return deleted.includes(false) ? errorCode.taskNotFound : {};
  },
  1051: renderVideo,
};

/** Acknowledged at once; the video is there when the machine is idle again. */
function renderVideo({ history, machine }: Printer, { url }: JsonObject): JsonObject | number {
  if (typeof url !== "string") return errorCode.invalidParameter;
  const task = url === "" ? undefined : history.findByVideo(url);
  if (task === undefined) return errorCode.taskNotFound;
  if (!machine.idle) return errorCode.busy;
  machine.occupy([{ status: machineStatus.rendering, code: 0, seconds: renderSeconds }], () => {
    task.rendered = true;
  });
  return { url: videoUrl({ ...task, rendered: true }) };
}
