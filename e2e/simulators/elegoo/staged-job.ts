// One print job as both Centauri Carbons run it: stage by stage, each for its time or until something
// ends it. The stages, their numbers and what follows what are in job.ts of each printer.

interface PrintedFile {
  readonly printSeconds: number;
  readonly totalLayers: number;
}

export interface JobOptions {
  readonly levelling: boolean;
  /** Seconds of the file already printed, for a job that goes on after a power cut. */
  readonly startAtSeconds?: number;
}

/** Times are the machine's own seconds. */
export abstract class StagedJob<
  Stage extends string,
  Around extends { readonly speedRatio: number },
  File extends PrintedFile,
  Task,
> {
  readonly file: File;
  readonly task: Task;
  abstract stage: Stage;
  /** Seconds of the file that are printed. */
  printedSeconds: number;
  /** How long this stage has lasted, seconds. */
  stageSeconds = 0;
  protected readonly levelling: boolean;

  constructor(file: File, task: Task, { levelling, startAtSeconds }: JobOptions) {
    this.file = file;
    this.task = task;
    this.levelling = levelling;
    this.printedSeconds = startAtSeconds ?? 0;
  }

  get progressRatio(): number {
    return Math.min(1, this.printedSeconds / this.file.printSeconds);
  }

  /** The layer being printed, counted from 1; 0 before the first. */
  get layer(): number {
    if (this.printedSeconds === 0 && this.stage !== "printing") return 0;
    return Math.min(this.file.totalLayers, 1 + Math.floor(this.progressRatio * this.file.totalLayers));
  }

  enter(stage: Stage): void {
    this.stage = stage;
    this.stageSeconds = 0;
  }

  /** @returns true when the job is over and its stage says how it ended. */
  advance(seconds: number, around: Around): boolean {
    this.stageSeconds += seconds;
    if (this.stage === "printing") this.print(seconds * around.speedRatio, seconds);
    if (this.stageSeconds < this.shortest) return false;
    const next = this.next(around);
    if (next === "over") return true;
    if (next !== this.stage) this.enter(next);
    return false;
  }

  /** Moves the print on by seconds of the file, in so many of the machine's. */
  protected print(fileSeconds: number, _seconds: number): void {
    this.printedSeconds += fileSeconds;
  }

  /** How long the stage lasts at least, seconds; 0 when only something else ends it. */
  protected abstract get shortest(): number;

  /** What follows now; the same stage when nothing does yet. */
  protected abstract next(around: Around): Stage | "over";
}
