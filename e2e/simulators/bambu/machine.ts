// The body of the printer: heat, fans, lights, one job, material units, errors. It moves only by
// `advance`. What it tells its clients is ./report.ts; what they ask of it is ./requests.ts.

import { FilamentChange } from "./filament-change.ts";
import { Heater } from "./heater.ts";
import { Job, type JobPlan } from "./job.ts";
import { Materials, noSlot } from "./materials.ts";
import type { Profile } from "./profiles.ts";
import { defaultSwitches, type Switches } from "./switches.ts";

export type GcodeState = "IDLE" | "PREPARE" | "RUNNING" | "PAUSE" | "FINISH" | "FAILED";

export interface Hms {
  readonly attr: number;
  readonly code: number;
}

/** PWM, 0 to 255, of each fan by the number that `M106 P` gives it; 0 is the hotend's own. */
export type FanNumber = 0 | 1 | 2 | 3 | 10;

const ambientCelsius = 24;
const cancelled = 50_348_044;
/** How long the error of a cancelled job is shown, wall clock, so that it is seen at any speed. */
const cancelSeconds = 1.5;
const pausedByUser = 16;
const assisting = 768;
export const speedPercents: Readonly<Record<number, number>> = { 1: 50, 2: 100, 3: 124, 4: 166 };

export class Machine {
  readonly profile: Profile;
  readonly nozzles: readonly Heater[];
  readonly bed = new Heater(ambientCelsius, { heating: 60, cooling: 300 });
  readonly chamber = new Heater(ambientCelsius, { heating: 400, cooling: 900 });
  readonly fans: Record<FanNumber, number> = { 0: 0, 1: 0, 2: 0, 3: 0, 10: 0 };
  readonly lights: Record<string, string>;
  readonly materials: Materials;
  readonly switches: Switches;
  readonly homed = new Set<"x" | "y" | "z">();
  activeNozzle: 0 | 1 = 0;
  /** Where the chamber is to be kept, degrees Celsius; 0: off. */
  chamberTarget = 0;
  job: Job | undefined;
  /** The running job's or the last one's, shown until the next. */
  lastPlan: JobPlan | undefined;
  change: FilamentChange | undefined;
  resting: "IDLE" | "FINISH" | "FAILED" = "IDLE";
  printError = 0;
  hms: Hms[] = [];
  speedLevel = 2;
  airDuctMode = 0;
  /** `stg_cur` is 0 just after power-up. */
  freshlyBooted = false;
  /** Stages of a calibration that was asked for. */
  calibrating: { readonly stages: number[]; seconds: number } | undefined;
  seconds = 0;
  /** Called when a report should go out without waiting for its time. */
  onTransition: () => void = () => {};
  #stopping: { seconds: number } | undefined;

  constructor(profile: Profile) {
    this.profile = profile;
    this.nozzles = Array.from(
      { length: profile.nozzles },
      () => new Heater(ambientCelsius, { heating: 25, cooling: 90 }),
    );
    this.lights = Object.fromEntries(
      profile.lights.map((node) => [
        node,
        node === "work_light" ? "flashing" : node === "heatbed_light" ? "off" : "on",
      ]),
    );
    this.materials = new Materials(profile);
    this.switches = defaultSwitches(profile);
  }

  get nozzle(): Heater {
    const heater = this.nozzles[this.activeNozzle] ?? this.nozzles[0];
    if (heater === undefined) throw new RangeError("a printer has a nozzle");
    return heater;
  }

  get gcodeState(): GcodeState {
    const { job } = this;
    if (job === undefined) return this.calibrating === undefined ? this.resting : "RUNNING";
    if (job.paused) return "PAUSE";
    return job.phase === "prepare" ? "PREPARE" : "RUNNING";
  }

  get stage(): number {
    const { job } = this;
    if (this.change !== undefined) return this.change.stage;
    if (job !== undefined) return job.paused ? job.pauseStage : job.stage;
    const [calibration] = this.calibrating?.stages ?? [];
    if (calibration !== undefined) return calibration;
    return this.freshlyBooted && this.profile.idleStage === 255 ? 0 : this.profile.idleStage;
  }

  /** What is planned, in order. */
  get stages(): readonly number[] {
    return this.job?.plan.stages ?? this.calibrating?.stages ?? [];
  }

  /** No job, no calibration. */
  get free(): boolean {
    return this.job === undefined && this.calibrating === undefined;
  }

  start(plan: JobPlan): Job {
    this.job = new Job(plan);
    this.lastPlan = plan;
    this.resting = "IDLE";
    this.printError = 0;
    this.freshlyBooted = false;
    this.nozzle.targetCelsius = plan.nozzleCelsius;
    this.bed.targetCelsius = plan.bedCelsius;
    this.fans[0] = 255;
    this.onTransition();
    return this.job;
  }

  /** @param stage - `stg_cur` that tells why; false when nothing runs */
  pause(stage = pausedByUser): boolean {
    const { job } = this;
    if (job === undefined || job.paused || this.#stopping !== undefined) return false;
    Object.assign(job, { paused: true, pauseStage: stage });
    this.onTransition();
    return true;
  }

  resume(): boolean {
    const { job } = this;
    if (job?.paused !== true || this.#stopping !== undefined) return false;
    job.paused = false;
    this.printError = 0;
    this.onTransition();
    return true;
  }

  stop(): boolean {
    if (this.job === undefined && this.calibrating === undefined) return false;
    this.#stopping ??= { seconds: cancelSeconds };
    this.printError = cancelled;
    this.onTransition();
    return true;
  }

  /** Ends the job in an error, which stays. False when nothing runs. */
  fail(printError: number): boolean {
    if (this.job === undefined) return false;
    this.printError = printError;
    this.#end("FAILED");
    return true;
  }

  /** The job pauses itself. False when nothing runs. */
  halt(printError: number, stage: number): boolean {
    if (this.job === undefined) return false;
    this.printError = printError;
    if (!this.pause(stage)) this.onTransition();
    return true;
  }

  raise(entry: Hms): void {
    this.dismiss(entry);
    this.hms = [...this.hms, entry];
    this.onTransition();
  }

  dismiss({ attr, code }: Hms): void {
    this.hms = this.hms.filter((entry) => entry.attr !== attr || entry.code !== code);
  }

  calibrate(stages: readonly number[]): void {
    this.calibrating = { stages: [...stages], seconds: 0 };
    this.freshlyBooted = false;
    this.onTransition();
  }

  changeFilament(target: number): void {
    this.change = new FilamentChange(this.materials, target);
    if (this.change.over) this.change = undefined;
    this.onTransition();
  }

  /** Cold, idle, without errors; spools and switches stay. */
  reset(): void {
    this.job = undefined;
    this.lastPlan = undefined;
    this.calibrating = undefined;
    this.change = undefined;
    this.#stopping = undefined;
    Object.assign(this, { resting: "IDLE", printError: 0, hms: [], speedLevel: 2, freshlyBooted: false });
    Object.assign(this.materials, { now: noSlot, target: noSlot, previous: noSlot, status: 0 });
    this.coolDown();
    for (const heater of [...this.nozzles, this.bed, this.chamber]) heater.settle();
  }

  /** Off and on again: the job is lost. */
  boot(): void {
    this.reset();
    this.homed.clear();
    this.freshlyBooted = true;
  }

  coolDown(): void {
    for (const heater of [...this.nozzles, this.bed]) heater.targetCelsius = 0;
    this.chamberTarget = 0;
    for (const fan of [0, 1, 2, 3, 10] as const) this.fans[fan] = 0;
  }

  /** @param wallSeconds - how long that was for whoever watches */
  advance(seconds: number, wallSeconds: number): void {
    this.#advanceStop(wallSeconds);
    // Small steps, so that no stage is passed over; long ones for whoever asks for days.
    const step = Math.max(1, seconds / 5000);
    for (let left = seconds; left > 0; left -= step) this.#step(Math.min(step, left));
  }

  /** Warm and printing at once, for scenarios. */
  settle(): void {
    for (const heater of [...this.nozzles, this.bed]) heater.settle();
    for (const axis of ["x", "y", "z"] as const) this.homed.add(axis);
    this.#printing();
  }

  #step(seconds: number): void {
    this.seconds += seconds;
    for (const heater of [...this.nozzles, this.bed]) heater.advance(seconds);
    this.chamber.targetCelsius = Math.max(this.chamberTarget, ambientCelsius + this.bed.targetCelsius * 0.2);
    this.chamber.advance(seconds);
    if (this.materials.advance(seconds)) this.onTransition();
    if (this.change?.advance(seconds) === true) this.#changed();
    this.#advanceCalibration(seconds);
    if (this.job !== undefined && this.#stopping === undefined) this.#advanceJob(this.job, seconds);
  }

  #advanceJob(job: Job, seconds: number): void {
    const hot = this.nozzle.ready && this.bed.ready;
    const speedRatio = (speedPercents[this.speedLevel] ?? 100) / 100;
    if (!job.advance(seconds, { hot, speedRatio })) return;
    if (job.phase === "printing") this.#printing();
    if (job.phase === "done") this.#end("FINISH");
    else this.onTransition();
  }

  #printing(): void {
    const first = this.job?.plan.mapping.find((slot) => slot >= 0);
    if (first !== undefined) Object.assign(this.materials, { now: first, target: first, status: assisting });
    for (const axis of ["x", "y", "z"] as const) this.homed.add(axis);
    this.fans[1] = 170;
    this.fans[0] = 255;
    if (this.profile.fans.includes(3)) this.fans[3] = 102;
  }

  #changed(): void {
    if (this.change?.over === true) this.change = undefined;
    this.onTransition();
  }

  #advanceStop(wallSeconds: number): void {
    if (this.#stopping === undefined) return;
    this.#stopping.seconds -= wallSeconds;
    if (this.#stopping.seconds > 0) return;
    this.#stopping = undefined;
    this.calibrating = undefined;
    this.printError = 0;
    this.#end("FAILED");
  }

  #advanceCalibration(seconds: number): void {
    const { calibrating } = this;
    if (calibrating === undefined) return;
    calibrating.seconds += seconds;
    if (calibrating.seconds < 60) return;
    calibrating.seconds = 0;
    calibrating.stages.shift();
    if (calibrating.stages.length > 0) this.onTransition();
    else {
      this.calibrating = undefined;
      this.#end("FINISH");
    }
  }

  #end(resting: "FINISH" | "FAILED"): void {
    this.resting = resting;
    this.job = undefined;
    this.materials.status = 0;
    this.coolDown();
    this.onTransition();
  }
}
