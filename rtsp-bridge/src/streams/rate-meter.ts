// Pictures and bits per second over the last few seconds.

export interface Rates {
  readonly framesPerSecond: number;
  readonly bitsPerSecond: number;
}

const windowMs = 5000;

export class RateMeter {
  readonly #startedMs: number;
  readonly #sent: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  count(nowMs: number, bytes: number): void {
    this.#sent.push({ atMs: nowMs, bytes });
    this.#forget(nowMs);
  }

  /** Over the window, or the time since the start where that is shorter, but at least one second. */
  read(nowMs: number): Rates {
    this.#forget(nowMs);
    const seconds = Math.min(windowMs, Math.max(1000, nowMs - this.#startedMs)) / 1000;
    const bytes = this.#sent.reduce((sum, sent) => sum + sent.bytes, 0);
    return {
      framesPerSecond: Math.round((this.#sent.length / seconds) * 10) / 10,
      bitsPerSecond: Math.round((bytes * 8) / seconds),
    };
  }

  #forget(nowMs: number): void {
    while (this.#sent[0] !== undefined && nowMs - this.#sent[0].atMs > windowMs) this.#sent.shift();
  }
}
