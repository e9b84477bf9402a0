// The machine behind PrusaLink: heaters, axes, and the one job, in PrusaLink's own states. It knows
// no wire and no clock; somebody calls `advance`.

export type State = "IDLE" | "BUSY" | "PRINTING" | "PAUSED" | "FINISHED" | "STOPPED" | "ERROR" | "ATTENTION" | "READY";
export type Axis = "x" | "y" | "z";

export interface PrintFile {
  /** `local` or `usb` */
  readonly storage: string;
  /** Below it, without a leading slash; long names. */
  readonly path: string;
  readonly content: Buffer;
  /** Unix seconds. */
  readonly modified: number;
  readonly seconds: number;
  readonly hasThumbnail: boolean;
}

export interface Job {
  readonly id: number;
  readonly file: PrintFile;
  printedSeconds: number;
}

/** What the machine answers 409 to, in PrusaLink's words. */
export class Conflict extends Error {}

const ambientCelsius = 24;
const heatingPerSecond = 4;
const coolingPerSecond = 1;
const homingSeconds = 12;
const startable: ReadonlySet<State> = new Set(["IDLE", "READY", "FINISHED", "STOPPED"]);

export class Printer {
  readonly nozzle = { actual: ambientCelsius, target: 0 };
  readonly bed = { actual: ambientCelsius, target: 0 };
  readonly position: Record<Axis, number> = { x: 0, y: 0, z: 0.15 };
  state: State = "IDLE";
  /** How long FINISHED and STOPPED last, seconds of wall time, before it can print again; 0: until then. */
  settleSeconds = 0;
  /** What `status_printer` says when it is not well. */
  message: string | undefined;
  speedPercent = 100;
  job: Job | undefined;
  #jobs = 0;
  #busySeconds = 0;
  #endedSeconds = 0;
  #before: State = "IDLE";

  get isMoving(): boolean {
    return this.state === "PRINTING" || this.state === "BUSY";
  }

  /** @throws Conflict */
  start(file: PrintFile): void {
    const settling = this.settleSeconds > 0 && (this.state === "FINISHED" || this.state === "STOPPED");
    if (settling || !startable.has(this.state)) throw new Conflict("Printer is not in state to print.");
    this.#jobs += 1;
    this.job = { id: this.#jobs, file, printedSeconds: 0 };
    this.state = "PRINTING";
    this.nozzle.target = 215;
    this.bed.target = 60;
  }

  /** @throws Conflict */
  pause(): void {
    if (this.state !== "PRINTING") throw new Conflict("Operation you want can only be done when printer is printing.");
    this.state = "PAUSED";
  }

  /** @throws Conflict */
  resume(): void {
    if (this.state !== "PAUSED") throw new Conflict("Operation you want can only be done when printer is paused.");
    this.state = "PRINTING";
  }

  /** @throws Conflict */
  stop(): void {
    if (this.job === undefined) throw new Conflict("Operation you want can only be done when printer is printing.");
    this.#end("STOPPED");
  }

  /** @throws Conflict */
  home(axes: readonly Axis[]): void {
    if (this.state !== "IDLE" && this.state !== "READY") throw new Conflict("Can't move axis.");
    for (const axis of axes) this.position[axis] = axis === "z" ? 0.15 : 0;
    this.#before = this.state;
    this.state = "BUSY";
    this.#busySeconds = homingSeconds;
  }

  /** @throws Conflict */
  jog(axis: Axis, distance: number): void {
    if (!startable.has(this.state)) throw new Conflict("Can't move axis.");
    this.position[axis] += distance;
  }

  /** The printer stops with an error of its own, or wants somebody. */
  trouble(state: "ERROR" | "ATTENTION", message: string): void {
    if (this.state !== "ERROR" && this.state !== "ATTENTION") this.#before = this.state;
    if (state === "ERROR") this.#end("ERROR");
    this.state = state;
    this.message = message;
  }

  repair(): void {
    if (this.state !== "ERROR" && this.state !== "ATTENTION") return;
    this.state = this.state === "ERROR" ? "IDLE" : this.#before;
    this.message = undefined;
  }

  /** Puts it into a state that a scenario names. */
  enter(state: State, file: PrintFile): void {
    this.job = undefined;
    this.message = undefined;
    this.state = "IDLE";
    this.nozzle.target = 0;
    this.bed.target = 0;
    if (state === "IDLE" || state === "READY") this.state = state;
    if (state === "PRINTING" || state === "PAUSED" || state === "ATTENTION") {
      this.start(file);
      Object.assign(this.job ?? {}, { printedSeconds: file.seconds / 3 });
      this.nozzle.actual = this.nozzle.target;
      this.bed.actual = this.bed.target;
      this.state = state === "PAUSED" ? "PAUSED" : "PRINTING";
    }
    this.#endedSeconds = 0;
    if (state === "FINISHED" || state === "STOPPED") this.state = state;
    if (state === "ATTENTION") this.trouble("ATTENTION", "Filament ran out");
    if (state === "ERROR") this.trouble("ERROR", "HOTEND THERMAL RUNAWAY");
  }

  /** Moves time forward: the machine's own seconds, and the wall's for what is not part of a job. */
  advance(seconds: number, wallSeconds: number): void {
    this.#endedSeconds += wallSeconds;
    const ended = this.state === "FINISHED" || this.state === "STOPPED";
    if (ended && this.settleSeconds > 0 && this.#endedSeconds > this.settleSeconds) this.state = "IDLE";
    for (const heater of [this.nozzle, this.bed]) {
      const goal = heater.target === 0 ? ambientCelsius : heater.target;
      if (goal > heater.actual) heater.actual = Math.min(goal, heater.actual + heatingPerSecond * seconds);
      else heater.actual = Math.max(goal, heater.actual - coolingPerSecond * seconds);
    }
    this.#busySeconds -= seconds;
    if (this.state === "BUSY" && this.#busySeconds <= 0) this.state = this.#before;
    const hot = this.nozzle.target - this.nozzle.actual < 2 && this.bed.target - this.bed.actual < 2;
    if (this.state !== "PRINTING" || this.job === undefined || !hot) return;
    this.job.printedSeconds += (seconds * this.speedPercent) / 100;
    this.position.x = 120 + 60 * Math.sin(this.job.printedSeconds * 1.7);
    this.position.y = 100 + 60 * Math.cos(this.job.printedSeconds * 1.3);
    if (this.job.printedSeconds >= this.job.file.seconds) this.#end("FINISHED");
  }

  #end(state: State): void {
    this.job = undefined;
    this.state = state;
    this.#endedSeconds = 0;
    this.nozzle.target = 0;
    this.bed.target = 0;
  }
}
