// One print job: the stages a Centauri Carbon goes through and what moves it from one to the next.
// Times are the machine's own seconds; the order follows the firmware's print_stats.

import type { StoredFile } from "./files.ts";
import type { Task } from "./history.ts";

interface StageRow {
  readonly status: number;
  readonly seconds?: number;
}

/** Stage to `PrintInfo.Status` and how long it lasts; without `seconds` something ends it. */
const stages = {
  checking: { status: 10, seconds: 2 },
  starting: { status: 18, seconds: 1 },
  objectCheck: { status: 23, seconds: 8 },
  objectCheckDone: { status: 24, seconds: 1 },
  preheating: { status: 16 },
  preheated: { status: 20, seconds: 1 },
  homing: { status: 1, seconds: 12 },
  homed: { status: 21, seconds: 1 },
  levelling: { status: 15, seconds: 60 },
  levelled: { status: 19, seconds: 1 },
  printing: { status: 13 },
  pausing: { status: 5, seconds: 20 },
  paused: { status: 6 },
  resuming: { status: 12, seconds: 5 },
  reheating: { status: 16 },
  stopping: { status: 7, seconds: 8 },
  stopped: { status: 8, seconds: 1 },
  complete: { status: 9, seconds: 1 },
  failed: { status: 14, seconds: 2 },
} as const satisfies Readonly<Record<string, StageRow>>;

export type Stage = keyof typeof stages;

/** What a job needs to know of the machine around it. */
export interface JobSurroundings {
  readonly hot: boolean;
  readonly filament: boolean;
  /** An object lies on the plate, is looked for and not there, or is not looked for at all. */
  readonly objectCheck: "finds" | "clears" | "none";
  /** 1 is normal. */
  readonly speedRatio: number;
}

export interface JobOptions {
  readonly levelling: boolean;
  /** Seconds of the file already printed, for a job that goes on after a power cut. */
  readonly startAtSeconds?: number;
}

export class Job {
  readonly file: StoredFile;
  readonly task: Task;
  readonly #levelling: boolean;
  stage: Stage = "checking";
  /** Seconds of the file that are printed. */
  printedSeconds: number;
  #stageSeconds = 0;

  constructor(file: StoredFile, task: Task, options: JobOptions) {
    this.file = file;
    this.task = task;
    this.#levelling = options.levelling;
    this.printedSeconds = options.startAtSeconds ?? 0;
  }

  get status(): number {
    return stages[this.stage].status;
  }

  get progressRatio(): number {
    return Math.min(1, this.printedSeconds / this.file.printSeconds);
  }

  /** The layer being printed, counted from 1; 0 before the first. */
  get layer(): number {
    if (this.printedSeconds === 0 && this.stage !== "printing") return 0;
    return Math.min(this.file.totalLayers, 1 + Math.floor(this.progressRatio * this.file.totalLayers));
  }

  /** How long this stage has lasted, seconds. */
  get stageSeconds(): number {
    return this.#stageSeconds;
  }

  enter(stage: Stage): void {
    this.stage = stage;
    this.#stageSeconds = 0;
  }

  /** @returns true when the job is over and its stage says how it ended. */
  advance(seconds: number, around: JobSurroundings): boolean {
    this.#stageSeconds += seconds;
    if (this.stage === "printing") this.printedSeconds += seconds * around.speedRatio;
    const row = stages[this.stage];
    if ("seconds" in row && this.#stageSeconds < row.seconds) return false;
    const next = this.#next(around);
    if (next === "over") return true;
    if (next !== this.stage) this.enter(next);
    return false;
  }

  // One line per stage: the table of what follows what.
  // oxlint-disable-next-line complexity
  #next(around: JobSurroundings): Stage | "over" {
    switch (this.stage) {
      case "checking":
        return "starting";
      case "starting":
        return around.objectCheck === "none" ? "preheating" : "objectCheck";
      case "objectCheck":
        return around.objectCheck === "finds" ? "failed" : "objectCheckDone";
      case "objectCheckDone":
        return "preheating";
      case "preheating":
        return around.hot ? "preheated" : "preheating";
      case "preheated":
        return "homing";
      case "homing":
        return "homed";
      case "homed":
        return this.#levelling ? "levelling" : "printing";
      case "levelling":
        return "levelled";
      case "levelled":
      case "reheating":
        return this.stage === "levelled" || around.hot ? "printing" : "reheating";
      case "printing":
        if (this.progressRatio >= 1) return "complete";
        return around.filament ? "printing" : "pausing";
      case "pausing":
      case "paused":
        return "paused";
      case "resuming":
        return around.hot ? "printing" : "reheating";
      case "stopping":
        return "stopped";
      case "stopped":
      case "complete":
      case "failed":
        return "over";
      default:
        return this.stage satisfies never;
    }
  }
}
