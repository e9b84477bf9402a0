// One print job: the stages a Centauri Carbon 2 goes through, what moves it from one to the next, and
// its filament switches, during which the firmware goes on calling it printing. Times are the
// machine's own seconds.

import { type JobOptions as SharedOptions, StagedJob } from "../elegoo/staged-job.ts";
import type { StoredFile } from "./files.ts";
import type { Task } from "./history.ts";

interface StageRow {
  /** `sub_status` while `status` is 2. */
  readonly code: number;
  readonly seconds?: number;
}

/** How long each lasts; without `seconds` something ends it. */
const stages = {
  heatingNozzle: { code: 1045 },
  heatingBed: { code: 1405 },
  homing: { code: 2801, seconds: 12 },
  homed: { code: 2802, seconds: 1 },
  levelling: { code: 2901, seconds: 60 },
  levelled: { code: 2902, seconds: 1 },
  printing: { code: 2075 },
  pausing: { code: 2501, seconds: 15 },
  paused: { code: 2502 },
  resuming: { code: 2401, seconds: 8 },
  resumed: { code: 2402, seconds: 1 },
  stopping: { code: 2503, seconds: 8 },
  stopped: { code: 2504, seconds: 1 },
  complete: { code: 2077, seconds: 1 },
} as const satisfies Readonly<Record<string, StageRow>>;

export type Stage = keyof typeof stages;

/** A filament switch: cut, pull back, feed, purge. */
const switchSeconds = 45;
/** A job with several filaments switches so often, at equal distances. */
const switchesPerJob = 9;

/** What a job needs to know of the machine around it. */
export interface JobSurroundings {
  readonly nozzleHot: boolean;
  readonly bedHot: boolean;
  /** 1 is normal. */
  readonly speedRatio: number;
}

export interface JobOptions extends SharedOptions {
  /** Tool of the G-code to Canvas tray; empty for the external spool. */
  readonly trays: ReadonlyMap<number, number>;
  /** Seconds of the file already printed, for a job that goes on after a power cut. */
  readonly startAtSeconds?: number;
}

export class Job extends StagedJob<Stage, JobSurroundings, StoredFile, Task> {
  readonly trays: ReadonlyMap<number, number>;
  stage: Stage = "heatingNozzle";
  /** Since the job began, pauses included. */
  totalSeconds = 0;
  /** 0 unless a power cut was survived. */
  secondsBeforePowerLoss = 0;
  readonly #substitutes = new Map<number, number>();
  #switchesDone: number;
  #switchSecondsLeft = 0;

  constructor(file: StoredFile, task: Task, options: JobOptions) {
    super(file, task, options);
    this.trays = options.trays;
    this.#switchesDone = Math.floor(this.progressRatio * (switchesPerJob + 1));
  }

  get code(): number {
    return stages[this.stage].code;
  }

  protected override get shortest(): number {
    const row: StageRow = stages[this.stage];
    return row.seconds ?? 0;
  }

  /** The head is at the chute and the filament is being switched. */
  get switching(): boolean {
    return this.stage === "printing" && this.#switchSecondsLeft > 0;
  }

  /** Tray of the filament in use; undefined for the external spool. */
  get tray(): number | undefined {
    const { tools } = this.file;
    const tray = this.trays.get(tools[this.#switchesDone % tools.length]?.tool ?? 0);
    return tray === undefined ? undefined : (this.#substitutes.get(tray) ?? tray);
  }

  /** Printed seconds until the next switch; Infinity when there is none to come. */
  get secondsToSwitch(): number {
    if (this.file.tools.length < 2 || this.trays.size === 0 || this.#switchesDone >= switchesPerJob) return Infinity;
    return ((this.#switchesDone + 1) / (switchesPerJob + 1)) * this.file.printSeconds - this.printedSeconds;
  }

  /** From now on `substitute` takes over for a tray that ran empty. */
  refill(tray: number, substitute: number): void {
    for (const own of this.trays.values()) {
      if ((this.#substitutes.get(own) ?? own) === tray) this.#substitutes.set(own, substitute);
    }
    if (this.stage === "printing") this.beginSwitch();
  }

  /** Goes to the chute now. */
  beginSwitch(): void {
    this.#switchSecondsLeft = switchSeconds;
  }

  override advance(seconds: number, around: JobSurroundings): boolean {
    this.totalSeconds += seconds;
    return super.advance(seconds, around);
  }

  protected override print(fileSeconds: number, seconds: number): void {
    if (this.#switchSecondsLeft > 0) {
      this.#switchSecondsLeft -= seconds;
      return;
    }
    super.print(fileSeconds, seconds);
    if (this.secondsToSwitch > 0) return;
    this.#switchesDone += 1;
    this.beginSwitch();
  }

  // One line per stage: the table of what follows what.
  // oxlint-disable-next-line complexity
  protected override next({ nozzleHot, bedHot }: JobSurroundings): Stage | "over" {
    switch (this.stage) {
      case "heatingNozzle":
        return nozzleHot ? "heatingBed" : "heatingNozzle";
      case "heatingBed":
        return bedHot ? "homing" : "heatingBed";
      case "homing":
        return "homed";
      case "homed":
        return this.levelling ? "levelling" : "printing";
      case "levelling":
        return "levelled";
      case "levelled":
      case "resumed":
        return "printing";
      case "printing":
        return this.progressRatio >= 1 ? "complete" : "printing";
      case "pausing":
      case "paused":
        return "paused";
      case "resuming":
        return nozzleHot && bedHot ? "resumed" : "resuming";
      case "stopping":
        return "stopped";
      case "stopped":
      case "complete":
        return "over";
      default:
        return this.stage satisfies never;
    }
  }
}
