// Which pictures of a faster camera are taken. Pure: a picture is let through when the time since
// the ones before it allows, with a third of a frame time of patience for jitter.

export class RateLimit {
  readonly #intervalMs: number;
  /** When the next picture is due by the rate alone. */
  #dueMs = -Infinity;

  constructor(maxPerSecond: number) {
    this.#intervalMs = 1000 / maxPerSecond;
  }

  /** Whether the picture that arrives at `nowMs` is taken. */
  take(nowMs: number): boolean {
    if (nowMs < this.#dueMs - this.#intervalMs / 3) return false;
    this.#dueMs = Math.max(nowMs, this.#dueMs) + this.#intervalMs;
    return true;
  }
}
