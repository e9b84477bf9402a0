// The printer's last 50 jobs, oldest first, as methods 1036 to 1038 show them, and the time-lapse
// that each may have left.

import { randomUUID } from "node:crypto";
import type { StoredFile } from "./files.ts";

/** `task_status` of the firmware; 2 for what a user stopped, 3 for what ended otherwise. */
export const taskStatus = { completed: 1, stopped: 2, cancelled: 3, printing: 4, paused: 5 } as const;
type TaskStatus = (typeof taskStatus)[keyof typeof taskStatus];

/** `time_lapse_video_status` */
const videoStatus = { none: 0, frames: 1, rendered: 2 } as const;

export interface Task {
  readonly id: string;
  readonly file: StoredFile;
  /** Unix time, seconds. */
  beganAt: number;
  /** 0 while it runs. */
  endedAt: number;
  status: TaskStatus;
  readonly timeLapse: boolean;
  rendered: boolean;
}

const capacity = 50;
const videoSeconds = 12;

export class History {
  #tasks: Task[] = [];

  /** Oldest first. */
  get tasks(): readonly Task[] {
    return this.#tasks;
  }

  begin(file: StoredFile, beganAt: number, timeLapse: boolean): Task {
    const running = { status: taskStatus.printing, endedAt: 0, rendered: false };
    const task: Task = { id: randomUUID(), file, beganAt, timeLapse, ...running };
    file.prints += 1;
    file.lastPrintedAt = beganAt;
    this.#tasks = [...this.#tasks, task].slice(-capacity);
    return task;
  }

  find(id: string): Task | undefined {
    return this.#tasks.find((task) => task.id === id);
  }

  /** The task whose time-lapse this address names, rendered or not. */
  findByVideo(url: string): Task | undefined {
    return this.#tasks.find((task) => videoUrl(task) === url);
  }

  /** @returns whether there was such a task. */
  delete(id: string): boolean {
    const before = this.#tasks.length;
    this.#tasks = this.#tasks.filter((task) => task.id !== id);
    return this.#tasks.length < before;
  }
}

/** One element of `history_task_list`. */
export function historyItem(task: Task): Readonly<Record<string, unknown>> {
  const { id, file, beganAt, endedAt, status, rendered } = task;
  const recorded = task.timeLapse && endedAt > 0;
  return {
    task_id: id,
    task_name: file.name,
    begin_time: beganAt,
    end_time: endedAt,
    task_status: status,
    time_lapse_video_status: recorded ? (rendered ? videoStatus.rendered : videoStatus.frames) : videoStatus.none,
    time_lapse_video_url: videoUrl(task),
    time_lapse_video_size: recorded && rendered ? video.length : 0,
    time_lapse_video_duration: recorded && rendered ? videoSeconds : 0,
  };
}

/** Empty without a time-lapse. */
export function videoUrl({ id, file, endedAt, timeLapse, rendered }: Task): string {
  if (!timeLapse || endedAt === 0) return "";
  const name = `${file.name.replace(/\.gcode$/i, "")}_${id.slice(0, 8)}`;
  return rendered ? `video/${name}.mp4` : `picture/${name}`;
}

/** What calls itself MP4: a file type box, and a free box so that it takes several chunks to send. */
export const video = Buffer.concat([
  Buffer.from("00000014667479706d703432000000006d703432", "hex"),
  Buffer.from("0002000066726565", "hex"),
  Buffer.alloc(0x20000 - 8),
]);
