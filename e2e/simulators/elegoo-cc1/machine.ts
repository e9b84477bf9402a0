// The printer's body: heaters, axes, fans, light and the one job. It knows no wire and no clock;
// somebody calls `advance`. Figures of the hardware are those of the vendor's printer.cfg.

import type { StoredFile } from "./files.ts";
import { Heater } from "./heater.ts";
import { errorReason, type History, type Task, taskStatus } from "./history.ts";
import { Job, type JobSurroundings, type Stage } from "./job.ts";
import type { Profile } from "./profiles.ts";

export type Axis = "X" | "Y" | "Z";

/** `CurrentStatus` codes. */
export const machineStatus = { idle: 0, printing: 1, transfer: 2, levelling: 5, checking: 8, homing: 9 } as const;

/** Travel, millimetres. */
const travel: Readonly<Record<Axis, readonly [number, number]>> = {
  X: [-2.01, 256.5],
  Y: [-2.51, 270],
  Z: [-5, 258],
};
const parking = { X: 202, Y: 264.5, lift: 10 } as const;
const pauseCooling = { afterSeconds: 300, nozzleCelsius: 45 } as const;
/** Percent; the part fan follows from the second layer on. */
const printingFans = { auxiliary: 50, box: 30 } as const;
const homingSeconds = 3;
const stepSeconds = 0.5;
export const speedPresets: readonly number[] = [50, 100, 130, 160];

const ambientCelsius = 24.8;
const endings: Partial<Record<Stage, Task["status"]>> = {
  complete: taskStatus.finished,
  stopped: taskStatus.cancelled,
  failed: taskStatus.failed,
};

export interface StartRequest {
  readonly levelling: boolean;
  readonly timeLapse: boolean;
  readonly smoothPlate: boolean;
}

export class Machine {
  readonly nozzle = new Heater(ambientCelsius + 2.5, { up: 4, down: 1.5 });
  readonly bed = new Heater(ambientCelsius, { up: 0.7, down: 0.1 });
  /** The chamber has no heater of its own. */
  readonly box = new Heater(ambientCelsius + 1.3, { up: 0.02, down: 0.01 });
  readonly position: Record<Axis, number> = { X: 202, Y: 264.5, Z: 41.2 };
  readonly homed: Record<Axis, boolean> = { X: false, Y: false, Z: false };
  /** Percent. */
  readonly fans = { model: 0, auxiliary: 0, box: 0 };
  lightOn = true;
  smoothPlate = false;
  timeLapse = false;
  speedPercent = 100;
  filamentPresent = true;
  objectCheck: JobSurroundings["objectCheck"] = "none";
  transferring = false;
  job: Job | undefined;
  /** A job that a crash or a power cut ended. */
  interrupted: Job | undefined;
  /** `PrintInfo.Status` after the end of a job, kept until the next. */
  lastStatus = 0;
  /** The machine's own time, seconds since it was made. */
  seconds = 0;
  #busy: { readonly status: number; secondsLeft: number } | undefined;

  readonly #history: History;
  readonly #profile: Profile;

  constructor(parts: { readonly history: History; readonly profile: Profile }) {
    this.#history = parts.history;
    this.#profile = parts.profile;
  }

  /** The list in `CurrentStatus`. */
  get currentStatus(): readonly number[] {
    const list: number[] = [];
    if (this.job !== undefined)
      list.push(this.job.stage === "checking" ? machineStatus.checking : machineStatus.printing);
    if (this.#busy !== undefined) list.push(this.#busy.status);
    if (this.transferring) list.push(machineStatus.transfer);
    return list.length === 0 ? [machineStatus.idle] : list;
  }

  get idle(): boolean {
    return this.currentStatus[0] === machineStatus.idle;
  }

  /** The code in `PrintInfo.Status`. */
  get printStatus(): number {
    if (this.job === undefined) return this.lastStatus;
    if (this.job.stage === "printing") return this.#profile.printingStatus;
    if (this.job.stage === "stopping") return this.#profile.stoppingStatus;
    return this.job.status;
  }

  /** Keeps the machine busy with something that is no job, seconds of wall time. */
  occupy(status: number, wallSeconds: number): void {
    this.#busy = { status, secondsLeft: wallSeconds };
  }

  /** @returns false when the machine is not idle. */
  start(file: StoredFile, request: StartRequest): boolean {
    if (!this.idle) return false;
    this.smoothPlate = request.smoothPlate;
    this.timeLapse = request.timeLapse;
    const task = this.#history.begin(file, nowSeconds(), request.timeLapse);
    this.#begin(new Job(file, task, { levelling: request.levelling }));
    return true;
  }

  /** Goes on with, or forgets, what a power cut ended. @returns false when there is nothing, or the machine is busy. */
  decideInterrupted(goOn: boolean): boolean {
    const { interrupted } = this;
    if (interrupted === undefined || !this.idle) return false;
    this.interrupted = undefined;
    if (!goOn) return true;
    const { file, task, printedSeconds } = interrupted;
    Object.assign(task, { status: taskStatus.running, reason: errorReason.none, endedAt: 0 });
    this.#begin(new Job(file, task, { levelling: false, startAtSeconds: printedSeconds }));
    return true;
  }

  /** @returns false unless something is being printed. */
  pause(): boolean {
    if (this.job?.stage !== "printing") return false;
    this.job.enter("pausing");
    return true;
  }

  /** @returns how it went; `no-filament` leaves the job paused. */
  resume(): "resumed" | "no-filament" | "not-paused" {
    if (this.job?.stage !== "paused") return "not-paused";
    if (!this.filamentPresent) return "no-filament";
    this.job.task.reason = errorReason.none;
    this.nozzle.targetCelsius = this.job.file.nozzleCelsius;
    this.job.enter("resuming");
    return "resumed";
  }

  /** @returns false without a job, and while one is pausing or ending. */
  stop(): boolean {
    const ending: readonly Stage[] = ["pausing", "stopping", "stopped", "complete", "failed"];
    if (this.job === undefined || ending.includes(this.job.stage)) return false;
    this.job.enter("stopping");
    return true;
  }

  /** Ends the job with an error of the firmware's list. */
  fail(reason: number): boolean {
    if (this.job === undefined) return false;
    this.job.task.reason = reason;
    this.job.enter("failed");
    return true;
  }

  /** Homes for a moment. @returns false when the machine is not idle. */
  home(axes: readonly Axis[]): boolean {
    if (!this.idle) return false;
    for (const axis of axes) {
      this.homed[axis] = true;
      this.position[axis] = axis === "Z" ? 0 : 128;
    }
    this.occupy(machineStatus.homing, homingSeconds);
    return true;
  }

  jog(axis: Axis, step: number): "moved" | "busy" | "not-homed" | "out-of-range" {
    if (!this.idle) return "busy";
    if (!this.homed[axis]) return "not-homed";
    const [lowest, highest] = travel[axis];
    const goal = this.position[axis] + step;
    if (goal < lowest || goal > highest) return "out-of-range";
    this.position[axis] = goal;
    return "moved";
  }

  /** The daemon died or the power went: heaters off, the job is lost, axes unknown. */
  die(): void {
    if (this.job !== undefined) {
      this.interrupted = this.job;
      this.#endTask(this.job, taskStatus.failed, errorReason.unspecified);
    }
    this.#coolDown();
    this.job = undefined;
    this.lastStatus = 0;
    this.speedPercent = 100;
    this.transferring = false;
    this.#busy = undefined;
    Object.assign(this.homed, { X: false, Y: false, Z: false });
  }

  /** Moves time forward: the machine's own seconds, and the wall's for what is not part of a job. */
  advance(machineSeconds: number, wallSeconds: number): void {
    if (this.#busy !== undefined) {
      this.#busy.secondsLeft -= wallSeconds;
      if (this.#busy.secondsLeft <= 0) this.#busy = undefined;
    }
    for (let left = machineSeconds; left > 0; left -= stepSeconds) this.#step(Math.min(left, stepSeconds));
  }

  /** Puts a job at a place of its script, for scenarios. */
  place(job: { readonly stage: Stage; readonly file: StoredFile; readonly progressRatio: number }): void {
    const { file, progressRatio } = job;
    const printed = file.printSeconds * progressRatio;
    const task = this.#history.begin(file, nowSeconds() - Math.round(printed), false);
    this.#begin(new Job(file, task, { levelling: true, startAtSeconds: printed }));
    this.job?.enter(job.stage);
    if (printed === 0) return;
    this.nozzle.settle();
    this.bed.settle();
    Object.assign(this.homed, { X: true, Y: true, Z: true });
    Object.assign(this.fans, printingFans);
    this.#step(stepSeconds);
  }

  /** Back to cold and idle. The running job, if any, counts as cancelled. */
  reset(): void {
    if (this.job !== undefined) this.#endTask(this.job, taskStatus.cancelled, errorReason.none);
    this.job = undefined;
    this.die();
    this.interrupted = undefined;
    for (const heater of [this.nozzle, this.bed, this.box]) heater.settle();
    Object.assign(this.position, { X: parking.X, Y: parking.Y, Z: 41.2 });
  }

  #begin(job: Job): void {
    this.job = job;
    this.interrupted = undefined;
    this.nozzle.targetCelsius = job.file.nozzleCelsius;
    this.bed.targetCelsius = job.file.bedCelsius;
  }

  #step(seconds: number): void {
    this.seconds += seconds;
    this.nozzle.advance(seconds);
    this.bed.advance(seconds);
    this.box.targetCelsius = this.bed.targetCelsius > 0 ? ambientCelsius + this.bed.targetCelsius * 0.2 : 0;
    this.box.advance(seconds);
    if (this.job !== undefined) this.#stepJob(this.job, seconds);
  }

  #stepJob(job: Job, seconds: number): void {
    const before = job.stage;
    const over = job.advance(seconds, {
      hot: this.nozzle.ready && this.bed.ready,
      filament: this.filamentPresent,
      objectCheck: this.objectCheck,
      speedRatio: this.speedPercent / 100,
    });
    job.task.printedLayers = job.layer;
    job.task.status = job.stage === "paused" ? taskStatus.paused : taskStatus.running;
    if (job.stage !== before) this.#entered(job, before);
    this.#move(job);
    if (over) this.#end(job);
  }

  #entered(job: Job, before: Stage): void {
    if (job.stage === "homed") Object.assign(this.homed, { X: true, Y: true, Z: true });
    if (job.stage === "pausing" && before === "printing") job.task.reason = errorReason.filamentRunOut;
    if (job.stage === "failed" && before === "objectCheck") job.task.reason = errorReason.objectOnPlate;
    if (job.stage === "printing") Object.assign(this.fans, printingFans);
    if (job.stage === "paused") this.position.Z += parking.lift;
  }

  #move(job: Job): void {
    if (job.stage === "printing") {
      const angle = this.seconds * 0.9;
      this.position.X = 128 + 30 * Math.sin(angle);
      this.position.Y = 128 + 30 * Math.cos(angle * 1.3);
      this.position.Z = job.layer * job.file.layerHeightMillimeters;
      if (job.layer > 1 && this.fans.model === 0) this.fans.model = 100;
    } else if (job.stage === "paused") {
      Object.assign(this.position, { X: parking.X, Y: parking.Y });
      if (job.stageSeconds < pauseCooling.afterSeconds) return;
      this.nozzle.targetCelsius = Math.min(this.nozzle.targetCelsius, pauseCooling.nozzleCelsius);
      this.fans.model = 0;
    }
  }

  #end(job: Job): void {
    this.lastStatus = job.status;
    this.#endTask(job, endings[job.stage] ?? taskStatus.failed, job.task.reason);
    this.job = undefined;
    this.speedPercent = 100;
    this.#coolDown();
    Object.assign(this.position, { X: parking.X, Y: parking.Y });
  }

  #endTask({ task }: Job, status: Task["status"], reason: number): void {
    task.status = status;
    task.reason = reason;
    task.endedAt = nowSeconds();
  }

  #coolDown(): void {
    for (const heater of [this.nozzle, this.bed, this.box]) heater.targetCelsius = 0;
    Object.assign(this.fans, { model: 0, auxiliary: 0, box: 0 });
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
