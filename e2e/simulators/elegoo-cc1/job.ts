// One print job: the stages a Centauri Carbon goes through and what moves it from one to the next.
// Times are the machine's own seconds; the order follows the firmware's print_stats.

import { StagedJob } from "../elegoo/staged-job.ts";
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

export class Job extends StagedJob<Stage, JobSurroundings, StoredFile, Task> {
  stage: Stage = "checking";

  get status(): number {
    return stages[this.stage].status;
  }

  protected override get shortest(): number {
    const row: StageRow = stages[this.stage];
    return row.seconds ?? 0;
  }

  // One line per stage: the table of what follows what.
  // oxlint-disable-next-line complexity
  protected override next(around: JobSurroundings): Stage | "over" {
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
        return this.levelling ? "levelling" : "printing";
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
