// How long to wait before a dead encoder is started again. Pure.

export interface Restart {
  readonly delayMs: number;
  /** It dies faster than it helps: say so, and try rarely. */
  readonly failed: boolean;
}

const delaysMs = [0, 500, 1000, 2000, 5000];
const failedDelayMs = 30_000;
const healthyMs = 60_000;
/** It did its work, so what ended it came from outside: the next may start at once. */
const steadyMs = 2000;

export class EncoderRestarts {
  #quick = 0;

  /** After one that ran for `ranMs`. A minute of life forgives all that was before. */
  next(ranMs: number): Restart {
    if (ranMs >= healthyMs) this.#quick = 0;
    if (ranMs >= steadyMs) return { delayMs: 0, failed: false };
    const delayMs = delaysMs[this.#quick];
    this.#quick += 1;
    return delayMs === undefined ? { delayMs: failedDelayMs, failed: true } : { delayMs, failed: false };
  }
}
