// The machine behind Klipper: heaters, axes, fan, light, filament and the one job. It knows no wire
// and no clock; somebody calls `advance`. A cartesian printer with a heated chamber.

import type { GcodeFile } from "./files.ts";

export type Axis = "x" | "y" | "z";
export const axes: readonly Axis[] = ["x", "y", "z"];

export interface Heater {
  actual: number;
  target: number;
  readonly maximum: number;
}

export type JobState = "standby" | "printing" | "paused" | "complete" | "cancelled" | "error";

export interface Job {
  readonly file: GcodeFile;
  /** Its number in the history. */
  readonly id: string;
  state: JobState;
  message: string;
  /** Seconds of the machine: all of them, and those that were printed. */
  totalSeconds: number;
  printedSeconds: number;
}

/** Travel, mm. */
export const travel: Readonly<Record<Axis, readonly [number, number]>> = { x: [0, 235], y: [0, 235], z: [-2, 250] };
const ambientCelsius = 22;
const heatingPerSecond = 4;
const coolingPerSecond = 1;

export class Body {
  readonly heaters: Record<string, Heater> = {
    extruder: { actual: ambientCelsius, target: 0, maximum: 285 },
    heater_bed: { actual: ambientCelsius, target: 0, maximum: 120 },
    "heater_generic chamber": { actual: ambientCelsius, target: 0, maximum: 70 },
  };
  readonly position: Record<Axis, number> = { x: 0, y: 0, z: 0 };
  homed = "";
  fanRatio = 0;
  exhaustRatio = 0;
  lightValue = 0;
  speedFactor = 1;
  extrudeFactor = 1;
  message: string | null = null;
  filamentPresent = true;
  job: Job | undefined;
  /** Seconds for which it is still busy with something that is no job. */
  busySeconds = 0;

  get isPrinting(): boolean {
    return this.job?.state === "printing";
  }

  /** Whether a job holds the machine. */
  get isOccupied(): boolean {
    return this.job?.state === "printing" || this.job?.state === "paused";
  }

  begin(file: GcodeFile, id: string): void {
    this.job = { file, id, state: "printing", message: "", totalSeconds: 0, printedSeconds: 0 };
    this.heat("extruder", file.nozzleCelsius);
    this.heat("heater_bed", file.bedCelsius);
    this.homed = "xyz";
  }

  /** Ends or changes the job; without one nothing happens. */
  enter(state: JobState, message = ""): void {
    if (this.job === undefined) return;
    this.job.state = state;
    this.job.message = message;
    if (state !== "printing" && state !== "paused") this.coolDown();
  }

  heat(heater: string, target: number): void {
    const found = this.heaters[heater];
    if (found !== undefined) found.target = target;
  }

  coolDown(): void {
    for (const heater of Object.values(this.heaters)) heater.target = 0;
    this.fanRatio = 0;
  }

  /** What Klipper forgets with a restart. */
  reset(): void {
    this.coolDown();
    this.homed = "";
    this.job = undefined;
    this.message = null;
    this.speedFactor = 1;
    this.extrudeFactor = 1;
    this.busySeconds = 0;
  }

  /** Everything as if a job of this file had been printing for so long. */
  putInto(file: GcodeFile, id: string, state: JobState, printedSeconds: number): void {
    this.begin(file, id);
    for (const heater of Object.values(this.heaters)) if (heater.target > 0) heater.actual = heater.target;
    Object.assign(this.job ?? {}, { printedSeconds, totalSeconds: printedSeconds + 60 });
    this.enter(state);
  }

  /** @returns true when the job ran to its end just now. */
  advance(seconds: number): boolean {
    for (const heater of Object.values(this.heaters)) heatUp(heater, seconds);
    this.busySeconds = Math.max(0, this.busySeconds - seconds);
    const { job } = this;
    if (job === undefined || !this.isOccupied) return false;
    job.totalSeconds += seconds;
    if (!this.isPrinting || !this.isHot) return false;
    job.printedSeconds += seconds * this.speedFactor;
    this.fanRatio = 1;
    this.#moveHead(job);
    if (job.printedSeconds < job.file.seconds) return false;
    job.printedSeconds = job.file.seconds;
    this.enter("complete");
    return true;
  }

  get isHot(): boolean {
    return Object.values(this.heaters).every(({ actual, target }) => target === 0 || target - actual < 2);
  }

  /** Done part of the job, 0 to 1. */
  get progress(): number {
    return this.job === undefined ? 0 : Math.min(1, this.job.printedSeconds / this.job.file.seconds);
  }

  get layer(): number {
    if (this.job === undefined || this.job.printedSeconds === 0) return 0;
    return Math.min(this.job.file.layers, 1 + Math.floor(this.progress * this.job.file.layers));
  }

  #moveHead({ file, printedSeconds }: Job): void {
    this.position.x = 110 + 60 * Math.sin(printedSeconds * 1.7);
    this.position.y = 110 + 60 * Math.cos(printedSeconds * 1.3);
    this.position.z = this.layer * file.layerHeight;
  }
}

function heatUp(heater: Heater, seconds: number): void {
  const goal = heater.target === 0 ? ambientCelsius : heater.target;
  if (goal > heater.actual) heater.actual = Math.min(goal, heater.actual + heatingPerSecond * seconds);
  else heater.actual = Math.max(goal, heater.actual - coolingPerSecond * seconds);
}
