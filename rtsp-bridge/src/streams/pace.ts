// How often a camera sends. Pure.

/** A camera's usual time between two pictures, ms; 0 until it is known. */
export class Pace {
  #lastMs: number | undefined;
  #intervalMs: number;

  /** Begins with an interval known from before, ms. */
  constructor(intervalMs = 0) {
    this.#intervalMs = intervalMs;
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** One gap in ten moves it by a tenth: a stall does not make a camera slow. */
  count(nowMs: number): void {
    const gap = this.#lastMs === undefined ? undefined : nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (gap === undefined) return;
    const bounded = this.#intervalMs === 0 ? Math.min(gap, 5000) : Math.min(gap, 3 * this.#intervalMs + 100);
    this.#intervalMs = this.#intervalMs === 0 ? bounded : this.#intervalMs * 0.9 + bounded * 0.1;
  }
}
