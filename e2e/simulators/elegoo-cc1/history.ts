// The printer's ring of the last 50 jobs, newest first, as commands 320 to 323 show it.

import { randomUUID } from "node:crypto";
import type { StoredFile } from "./files.ts";

/** `TaskStatus` of the firmware. */
export const taskStatus = { finished: 1, failed: 2, cancelled: 3, running: 4, paused: 5 } as const;
type TaskStatus = (typeof taskStatus)[keyof typeof taskStatus];

/** `ErrorStatusReason`. */
export const errorReason = { none: 0, filamentRunOut: 3, objectOnPlate: 18, unspecified: 19 } as const;

export interface Task {
  readonly id: string;
  readonly file: StoredFile;
  /** Unix time, seconds. */
  beganAt: number;
  endedAt: number;
  status: TaskStatus;
  reason: number;
  printedLayers: number;
  readonly timeLapse: boolean;
}

const capacity = 50;

export class History {
  #tasks: Task[] = [];

  /** Newest first. */
  get tasks(): readonly Task[] {
    return this.#tasks;
  }

  begin(file: StoredFile, beganAt: number, timeLapse: boolean): Task {
    const running = { status: taskStatus.running, reason: errorReason.none, endedAt: 0, printedLayers: 0 };
    const task: Task = { id: randomUUID(), file, beganAt, timeLapse, ...running };
    this.#tasks = [task, ...this.#tasks].slice(0, capacity);
    return task;
  }

  /** @returns whether there was such a task. */
  delete(id: string): boolean {
    const before = this.#tasks.length;
    this.#tasks = this.#tasks.filter((task) => task.id !== id);
    return this.#tasks.length < before;
  }
}

/** Where a task's picture is served. */
export function thumbnailPath(name: string): string {
  return `/history_image/${encodeURIComponent(name)}.png`;
}

/** One element of `HistoryDetailList`. */
export function historyDetail(task: Task): Readonly<Record<string, unknown>> {
  const { file } = task;
  const ended = task.timeLapse && task.endedAt > 0;
  return {
    TaskId: task.id,
    TaskName: file.path,
    Thumbnail: thumbnailPath(task.id),
    BeginTime: task.beganAt,
    EndTime: task.endedAt,
    TaskStatus: task.status,
    SliceInformation: {
      total_layer_numbers: file.totalLayers,
      print_time: file.printSeconds,
      layer_height: file.layerHeightMillimeters,
    },
    AlreadyPrintLayer: task.printedLayers,
    MD5: file.md5,
    CurrentLayerTalVolume: 0.0,
    TimeLapseVideoStatus: ended ? 1 : 0,
    TimeLapseVideoUrl: ended ? `/local/aic_tlp/${task.id}.mp4` : "",
    ErrorStatusReason: task.reason,
  };
}
