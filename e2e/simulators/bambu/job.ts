// One run of one plate: fetching the file, the stages before the first layer, the layers. Seconds are
// the machine's. It decides nothing of what follows; ./machine.ts does.

export type JobPhase = "prepare" | "stages" | "printing" | "done";

/** What is printed, as the project says it. */
export interface JobPlan {
  /** Name of the 3MF or G-code on the card. */
  readonly file: string;
  readonly subtaskName: string;
  readonly plate: number;
  readonly layers: number;
  readonly printSeconds: number;
  readonly nozzleCelsius: number;
  readonly bedCelsius: number;
  readonly stages: readonly number[];
  /** Global slot of each filament, -1 for none. */
  readonly mapping: readonly number[];
  readonly ids: Readonly<Record<"project_id" | "profile_id" | "task_id" | "subtask_id", string>>;
  readonly printType: "local" | "cloud" | "system";
  readonly timelapse: boolean;
}

const prepareSeconds = 20;
const stageSeconds = 30;

export class Job {
  readonly plan: JobPlan;
  phase: JobPhase = "prepare";
  paused = false;
  /** `stg_cur` while it is paused. */
  pauseStage = 0;
  skipped: number[] = [];
  readonly startedAt = Math.floor(Date.now() / 1000);
  #phaseSeconds = 0;
  #stageIndex = 0;
  printedSeconds = 0;

  constructor(plan: JobPlan) {
    this.plan = plan;
  }

  get preparePercent(): number {
    return this.phase === "prepare" ? Math.min(100, Math.floor((this.#phaseSeconds / prepareSeconds) * 100)) : 100;
  }

  get percent(): number {
    return Math.min(100, Math.floor((this.printedSeconds / this.plan.printSeconds) * 100));
  }

  get remainingMinutes(): number {
    return Math.ceil((this.plan.printSeconds - this.printedSeconds) / 60);
  }

  get layer(): number {
    if (this.phase === "prepare" || this.phase === "stages") return 0;
    const ratio = this.printedSeconds / this.plan.printSeconds;
    return Math.min(this.plan.layers, Math.floor(ratio * this.plan.layers) + 1);
  }

  /** `stg_cur` of a running job. */
  get stage(): number {
    return this.phase === "stages" ? (this.plan.stages[this.#stageIndex] ?? 0) : 0;
  }

  /** True when the phase or stage is another one than before. `hot`: the heaters have arrived. */
  advance(seconds: number, { hot, speedRatio }: { readonly hot: boolean; readonly speedRatio: number }): boolean {
    if (this.paused || this.phase === "done") return false;
    const before = `${this.phase} ${this.stage}`;
    if (this.phase === "prepare") {
      this.#phaseSeconds += seconds;
      if (this.#phaseSeconds >= prepareSeconds) this.#enter(this.plan.stages.length > 0 ? "stages" : "printing");
    } else if (this.phase === "stages") this.#advanceStage(seconds, hot);
    else {
      this.printedSeconds = Math.min(this.plan.printSeconds, this.printedSeconds + seconds * speedRatio);
      if (this.printedSeconds >= this.plan.printSeconds) this.#enter("done");
    }
    return before !== `${this.phase} ${this.stage}`;
  }

  /** Puts it somewhere, for scenarios. */
  place(phase: JobPhase, printedRatio: number): void {
    this.#enter(phase);
    this.printedSeconds = this.plan.printSeconds * printedRatio;
  }

  #advanceStage(seconds: number, hot: boolean): void {
    this.#phaseSeconds += seconds;
    const last = this.#stageIndex === this.plan.stages.length - 1;
    // The first layer waits for the heat.
    if (this.#phaseSeconds < stageSeconds || (last && !hot)) return;
    this.#phaseSeconds = 0;
    if (last) this.#enter("printing");
    else this.#stageIndex += 1;
  }

  #enter(phase: JobPhase): void {
    this.phase = phase;
    this.#phaseSeconds = 0;
  }
}
