// What every part of the bench is given: the camera, the two systems, where results go. The systems
// are started anew after a part that failed, so that one that hangs spoils nothing else.

import { BenchCamera } from "./camera.ts";
import type { Mode, SizePlan } from "./modes.ts";
import type { Report } from "./report.ts";
import { Baseline, Ours, type System } from "./systems.ts";

/** Pictures a second of the camera where a part names no other. */
export const usualRate = 15;

export interface Bench {
  readonly mode: Mode;
  readonly plan: SizePlan;
  readonly report: Report;
  readonly camera: BenchCamera;
  readonly baseline: Baseline;
  readonly ours: Ours;
}

/** Measures both in turns, the first being another one each time. */
export async function inTurns<Value>(
  { baseline, ours }: Bench,
  rounds: number,
  measure: (system: System) => Promise<Value>,
): Promise<{ readonly baseline: Value[]; readonly ours: Value[] }> {
  const values = { baseline: [] as Value[], ours: [] as Value[] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [baseline, ours] : [ours, baseline];
    for (const system of order) {
      values[system === baseline ? "baseline" : "ours"].push(await measure(system));
      await Promise.all([baseline.idle(0), ours.idle(0)]);
    }
  }
  return values;
}

/** One camera and both systems before it. */
export class Stand implements AsyncDisposable {
  readonly camera: BenchCamera;
  readonly #count: number;
  #systems: { readonly baseline: Baseline; readonly ours: Ours } | undefined;

  private constructor(camera: BenchCamera, count: number) {
    this.camera = camera;
    this.#count = count;
  }

  /** `count` cameras are known to both, all of them the same one. */
  static async start(size: string, count: number): Promise<Stand> {
    const [width = 0, height = 0] = size.split("x").map(Number);
    return new Stand(await BenchCamera.start({ width, height }), count);
  }

  /** The two that run, started if they do not. */
  async systems(): Promise<{ readonly baseline: Baseline; readonly ours: Ours }> {
    if (this.#systems !== undefined) return this.#systems;
    const cameras = Array.from({ length: this.#count }, () => this.camera.url);
    const baseline = await Baseline.start(cameras);
    try {
      this.#systems = { baseline, ours: await Ours.start(cameras) };
    } catch (error) {
      await baseline[Symbol.asyncDispose]();
      throw error;
    }
    return this.#systems;
  }

  /** Ends both systems and mends the camera. */
  async clear(): Promise<void> {
    const systems = this.#systems;
    this.#systems = undefined;
    await systems?.ours[Symbol.asyncDispose]();
    await systems?.baseline[Symbol.asyncDispose]();
    await this.camera.mendAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    await this.camera[Symbol.asyncDispose]();
  }
}
