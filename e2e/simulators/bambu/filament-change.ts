// A change of filament as the printer goes through it: out with the old, in with the new, purge.
// Seconds are the machine's. Which spools there are is ./materials.ts.

import { type Materials, noSlot } from "./materials.ts";

interface Step {
  /** `ams_status`: 1 in the high byte, the sub-step in the low one. */
  readonly status: number;
  /** `stg_cur` */
  readonly stage: number;
  readonly seconds: number;
}

const unloadStage = 22;
const loadStage = 24;
const step = (sub: number, stage: number): Step => ({ status: 0x0100 | sub, stage, seconds: 15 });
const unloading: readonly Step[] = [step(2, unloadStage), step(4, unloadStage)];
const loading: readonly Step[] = [
  step(2, loadStage),
  step(3, loadStage),
  step(5, loadStage),
  step(6, loadStage),
  step(7, loadStage),
];

export class FilamentChange {
  readonly #target: number;
  readonly #materials: Materials;
  readonly #steps: Step[];
  #seconds = 0;

  /** @param target - global slot, 254 for the external spool, 255 to unload */
  constructor(materials: Materials, target: number) {
    this.#materials = materials;
    this.#target = target;
    const out = materials.now === noSlot ? [] : unloading;
    this.#steps = [...out, ...(target === noSlot ? [] : loading)];
    materials.target = target;
    this.#show();
  }

  get stage(): number {
    return this.#steps[0]?.stage ?? loadStage;
  }

  get over(): boolean {
    return this.#steps.length === 0;
  }

  /** True at each step that begins, and at the end. */
  advance(seconds: number): boolean {
    const current = this.#steps[0];
    if (current === undefined) return false;
    this.#seconds += seconds;
    if (this.#seconds < current.seconds) return false;
    this.#seconds = 0;
    this.#steps.shift();
    const materials = this.#materials;
    if (this.#steps[0]?.stage !== unloadStage && current.stage === unloadStage) {
      Object.assign(materials, { previous: materials.now, now: noSlot });
    }
    if (this.over) materials.now = this.#target;
    this.#show();
    return true;
  }

  #show(): void {
    this.#materials.status = this.#steps[0]?.status ?? 0;
  }
}
