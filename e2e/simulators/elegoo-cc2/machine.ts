// The printer's body: heaters, axes, fans, light, filament and the one job. It knows no wire and no
// clock; somebody calls `advance`. Sources of the codes: ../README.md.

import { type Canvas, noTray } from "./canvas.ts";
import type { StoredFile } from "./files.ts";
import { Heater } from "./heater.ts";
import { type History, type Task, taskStatus } from "./history.ts";
import { Job, type Stage } from "./job.ts";
import { type Occupation, Occupations } from "./occupations.ts";
import type { Profile } from "./profiles.ts";
import { Waits } from "./waits.ts";

export type Axis = "x" | "y" | "z";

/** `machine_status.status`, as far as it happens here. */
export const machineStatus = {
  starting: 0,
  idle: 1,
  printing: 2,
  levelling: 5,
  homing: 10,
  transfer: 11,
  rendering: 12,
  emergencyStop: 14,
  powerLoss: 15,
} as const;

/** Travel, millimetres. */
const travel: Readonly<Record<Axis, readonly [number, number]>> = { x: [0, 256], y: [0, 266], z: [-2, 256] };
/** Where filament is cut and purged, behind the bed. */
const chute = { x: 202, y: 264 } as const;
const homingSeconds = { running: 3, done: 1 } as const;
const probingCelsius = 140;
const bootSeconds = { starting: 2, recovering: 2 } as const;
/** 0 to 255; the part fan follows from the second layer on. */
const printingFans = { aux_fan: 128, box_fan: 77, heater_fan: 255, controller_fan: 255 } as const;
const stillFans = { fan: 0, aux_fan: 0, box_fan: 0, heater_fan: 0, controller_fan: 0 };
/** Silent, balanced, sport, ludicrous. */
export const speedRatios: readonly number[] = [0.5, 1, 1.3, 1.6];
const balanced = 1;
const filamentRunOut = 109;
const stepSeconds = 0.5;
const ambientCelsius = 24.8;

const endings: Partial<Record<Stage, { readonly task: Task["status"]; readonly state: string }>> = {
  complete: { task: taskStatus.completed, state: "complete" },
  stopped: { task: taskStatus.stopped, state: "cancelled" },
};

export interface StartRequest {
  readonly levelling: boolean;
  readonly timeLapse: boolean;
  readonly trays: ReadonlyMap<number, number>;
}

export interface Placement {
  readonly stage: Stage;
  readonly file: StoredFile;
  readonly progressRatio: number;
  readonly trays: ReadonlyMap<number, number>;
}

export class Machine {
  readonly nozzle = new Heater(ambientCelsius + 2.5, { heating: 12, cooling: 90 });
  readonly bed = new Heater(ambientCelsius, { heating: 25, cooling: 600 });
  /** The chamber has no heater of its own. */
  readonly chamber = new Heater(ambientCelsius + 1.3, { heating: 900, cooling: 900 });
  readonly position: Record<Axis, number> = { ...chute, z: 41.2 };
  readonly homed = new Set<Axis>();
  /** 0 to 255. */
  readonly fans = { ...stillFans };
  readonly canvas: Canvas | undefined;
  lightOn = true;
  speedMode = balanced;
  filamentPresent = true;
  /** Holds until the power is switched. */
  emergency = false;
  readonly exceptions = new Set<number>();
  job: Job | undefined;
  /** The last one, whose figures are shown until the next begins. */
  lastJob: Job | undefined;
  /** A job that the power or the daemon took away. */
  interrupted: Job | undefined;
  /** `print_status.state` without a job. */
  restingState = "standby";
  /** The machine's own time, seconds since it was made. */
  seconds = 0;
  /** Called when the two status codes have changed. */
  onTransition: () => void = () => {};

  readonly #history: History;
  readonly #profile: Profile;
  readonly #occupations = new Occupations();
  #transferCode: number | undefined;
  readonly #waits = new Waits();
  #shown = "";

  constructor(parts: { readonly history: History; readonly profile: Profile; readonly canvas: Canvas | undefined }) {
    this.#history = parts.history;
    this.#profile = parts.profile;
    this.canvas = parts.canvas;
  }

  /** `status` and `sub_status`. */
  get codes(): readonly [status: number, subStatus: number] {
    const { current } = this.#occupations;
    if (this.emergency) return [machineStatus.emergencyStop, 0];
    if (current !== undefined) return [current.status, current.code];
    if (this.job !== undefined) return [machineStatus.printing, this.job.code];
    if (this.#transferCode !== undefined) return [machineStatus.transfer, this.#transferCode];
    return [machineStatus.idle, 0];
  }

  get idle(): boolean {
    return this.codes[0] === machineStatus.idle;
  }

  /** Keeps the machine busy with one thing after another; `afterwards` is called when all is done. */
  occupy(occupations: readonly Occupation[], afterwards: () => void = () => {}): void {
    this.#occupations.begin(occupations, afterwards);
    this.#look();
  }

  /** How far an upload is, 3000 or 3001; shown while there is nothing better to show. */
  showTransfer(code: number | undefined): void {
    this.#transferCode = code;
    this.#look();
  }

  /** The machine must be idle. */
  start(file: StoredFile, request: StartRequest): Job {
    const task = this.#history.begin(file, nowSeconds(), request.timeLapse);
    return this.#begin(new Job(file, task, request));
  }

  /** @returns false when nothing is printed just now. */
  pause(): boolean {
    return this.#leave(["printing"], "pausing");
  }

  /** @returns false when no job is paused. */
  resume(): boolean {
    const { job } = this;
    if (job === undefined || !this.#leave(["paused"], "resuming")) return false;
    this.exceptions.clear();
    this.nozzle.targetCelsius = job.file.nozzleCelsius;
    return true;
  }

  /** @returns false when there is no job, or it is ending. */
  stop(): boolean {
    const { job } = this;
    if (job === undefined || ["stopping", "stopped", "complete"].includes(job.stage)) return false;
    return this.#leave([job.stage], "stopping");
  }

  /**
   * Waits for the mechanics: `judge` is asked after every step.
   *
   * @returns the first code it gives. Never settles when the machine dies before that.
   */
  async outcome(judge: () => number | undefined): Promise<number> {
    return this.#waits.until(judge);
  }

  /** Homes for a moment, with the nozzle warm to probe. The machine must be idle. */
  home(axes: readonly Axis[]): void {
    const before = this.nozzle.targetCelsius;
    this.nozzle.targetCelsius = Math.max(before, probingCelsius);
    const homing = { status: machineStatus.homing, code: 2801, seconds: homingSeconds.running };
    this.occupy([homing, { ...homing, code: 2802, seconds: homingSeconds.done }], () => {
      this.nozzle.targetCelsius = before;
      for (const axis of axes) {
        this.homed.add(axis);
        this.position[axis] = axis === "z" ? 5 : 128;
      }
    });
  }

  /** @returns false when the axis is not homed or the goal is out of travel. */
  jog(axis: Axis, millimeters: number): boolean {
    const [lowest, highest] = travel[axis];
    const goal = this.position[axis] + millimeters;
    if (!this.homed.has(axis) || goal < lowest || goal > highest) return false;
    this.position[axis] = goal;
    return true;
  }

  /** The filament ends. With auto refill the job goes on from another tray, else it pauses itself. */
  runOut(): void {
    const { job, canvas } = this;
    const tray = job?.tray;
    const substitute = tray === undefined ? noTray : (canvas?.substituteFor(tray) ?? noTray);
    const empty = tray === undefined ? undefined : canvas?.trays[tray];
    if (empty !== undefined) empty.loaded = false;
    if (tray === undefined || substitute === noTray) this.filamentPresent = false;
    else job?.refill(tray, substitute);
  }

  /** Somebody has put in new spools. */
  reload(): void {
    this.filamentPresent = true;
    for (const tray of this.canvas?.trays ?? []) tray.loaded = tray.type !== "";
  }

  /** The job ends in an emergency stop with this exception. @returns false when there is none. */
  fail(exception: number): boolean {
    if (this.job === undefined) return false;
    this.exceptions.add(exception);
    this.emergency = true;
    this.#end(this.job, { task: taskStatus.cancelled, state: "error" });
    this.#look();
    return true;
  }

  /** The power or the daemon went: heaters off, the job is lost, axes unknown. Nothing is told. */
  die(): void {
    this.#waits.clear();
    this.#occupations.clear();
    const { job } = this;
    if (job !== undefined) this.#end(job, { task: taskStatus.cancelled, state: "standby" });
    this.interrupted = job ?? this.interrupted;
    this.emergency = false;
    this.#transferCode = undefined;
    this.exceptions.clear();
    this.homed.clear();
    this.#coolDown();
  }

  /** Comes up; a job that was interrupted goes on by itself, unless it is not to. */
  boot(goOn: boolean): void {
    const { interrupted } = this;
    this.interrupted = undefined;
    const starting = { status: machineStatus.starting, code: 0, seconds: bootSeconds.starting };
    if (interrupted === undefined) return this.occupy([starting]);
    const recovering = { status: machineStatus.powerLoss, code: 0, seconds: bootSeconds.recovering };
    this.occupy([starting, recovering], () => {
      if (goOn) this.#goOn(interrupted);
    });
  }

  /** Moves time forward: the machine's own seconds, and the wall's for what is not part of a job. */
  advance(machineSeconds: number, wallSeconds: number): void {
    this.#occupations.advance(wallSeconds, () => this.#look());
    for (let left = machineSeconds; left > 0; left -= stepSeconds) this.#step(Math.min(left, stepSeconds));
  }

  /** Puts a job at a place of its script, for scenarios. */
  place({ file, stage, progressRatio, trays }: Placement): Job {
    const printed = file.printSeconds * progressRatio;
    const task = this.#history.begin(file, nowSeconds() - Math.round(printed), false);
    const job = this.#begin(new Job(file, task, { levelling: true, startAtSeconds: printed, trays }));
    job.totalSeconds = printed;
    if (printed > 0) this.#warm();
    job.enter(stage);
    this.#step(stepSeconds / 100);
    return job;
  }

  /** Back to cold and idle. The running job, if any, counts as stopped. */
  reset(): void {
    this.die();
    this.interrupted = undefined;
    this.lastJob = undefined;
    this.restingState = "standby";
    this.reload();
    for (const heater of [this.nozzle, this.bed, this.chamber]) heater.settle();
    Object.assign(this.position, { ...chute, z: 41.2 });
    this.#look();
  }

  #begin(job: Job): Job {
    this.job = job;
    this.lastJob = job;
    this.interrupted = undefined;
    this.nozzle.targetCelsius = job.file.nozzleCelsius;
    this.bed.targetCelsius = job.file.bedCelsius;
    Object.assign(this.fans, { heater_fan: printingFans.heater_fan, controller_fan: printingFans.controller_fan });
    this.#look();
    return job;
  }

  #goOn({ file, task, printedSeconds, trays }: Job): void {
    Object.assign(task, { status: taskStatus.printing, endedAt: 0 });
    const job = this.#begin(new Job(file, task, { levelling: false, startAtSeconds: printedSeconds, trays }));
    job.secondsBeforePowerLoss = printedSeconds;
  }

  #warm(): void {
    this.nozzle.settle();
    this.bed.settle();
    for (const axis of ["x", "y", "z"] as const) this.homed.add(axis);
    Object.assign(this.fans, printingFans);
  }

  #leave(from: readonly Stage[], to: Stage): boolean {
    const { job } = this;
    if (job === undefined || this.emergency || !from.includes(job.stage)) return false;
    job.enter(to);
    this.#look();
    return true;
  }

  #step(seconds: number): void {
    this.seconds += seconds;
    this.nozzle.advance(seconds);
    this.bed.advance(seconds);
    this.chamber.targetCelsius = this.bed.targetCelsius > 0 ? ambientCelsius + this.bed.targetCelsius * 0.25 : 0;
    this.chamber.advance(seconds);
    if (this.job !== undefined && !this.emergency) this.#stepJob(this.job, seconds);
    this.#look();
  }

  #stepJob(job: Job, seconds: number): void {
    const before = job.stage;
    const over = job.advance(seconds, {
      nozzleHot: this.nozzle.ready,
      bedHot: this.bed.ready,
      speedRatio: this.#speedRatio,
    });
    job.task.status = job.stage === "paused" ? taskStatus.paused : taskStatus.printing;
    if (job.stage !== before) this.#entered(job.stage, before);
    if (job.stage === "printing" && !this.filamentPresent) {
      this.exceptions.add(filamentRunOut);
      job.enter("pausing");
    }
    this.#resetSpeed(job);
    this.#move(job);
    if (this.canvas !== undefined)
      this.canvas.activeTray = job.stage === "printing" ? (job.tray ?? noTray) : this.canvas.activeTray;
    // The last code is told before the machine is idle again.
    if (over) this.#look();
    if (over) this.#end(job, endings[job.stage] ?? { task: taskStatus.cancelled, state: "error" });
  }

  get #speedRatio(): number {
    return speedRatios[this.speedMode] ?? 1;
  }

  #entered(stage: Stage, before: Stage): void {
    if (stage === "homed") for (const axis of ["x", "y", "z"] as const) this.homed.add(axis);
    if (stage === "printing" && before !== "resumed") Object.assign(this.fans, printingFans);
    if (stage === "paused") this.position.z = Math.min(travel.z[1], this.position.z + 10);
  }

  #resetSpeed(job: Job): void {
    const { speedResetSeconds } = this.#profile;
    if (speedResetSeconds === undefined || job.stage !== "printing" || job.switching) return;
    if (job.secondsToSwitch / this.#speedRatio <= speedResetSeconds) this.speedMode = balanced;
  }

  #move(job: Job): void {
    if (job.stage === "printing" && !job.switching) {
      const angle = this.seconds * 0.9;
      this.position.x = 128 + 30 * Math.sin(angle);
      this.position.y = 128 + 30 * Math.cos(angle * 1.3);
      this.position.z = job.layer * job.file.layerHeightMillimeters;
      if (job.layer > 1 && this.fans.fan === 0) this.fans.fan = 255;
    } else if (["printing", "paused", "stopped", "complete"].includes(job.stage)) {
      Object.assign(this.position, chute);
    }
  }

  #end(job: Job, how: { readonly task: Task["status"]; readonly state: string }): void {
    job.task.status = how.task;
    job.task.endedAt = nowSeconds();
    this.restingState = how.state;
    this.job = undefined;
    this.speedMode = balanced;
    if (this.canvas !== undefined) this.canvas.activeTray = noTray;
    this.#coolDown();
  }

  #coolDown(): void {
    for (const heater of [this.nozzle, this.bed]) heater.targetCelsius = 0;
    Object.assign(this.fans, stillFans);
  }

  /** Tells of new codes, and whoever waits for them. */
  #look(): void {
    const shown = this.codes.join("/");
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.onTransition();
    }
    this.#waits.ask();
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
