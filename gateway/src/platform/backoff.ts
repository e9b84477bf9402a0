// How long to wait before the next try: doubling between two bounds, with jitter, forgotten on success.

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Part of the delay that is random, 0…1. */
  readonly jitterRatio?: number;
  readonly random?: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Delay in ms before the next try, at least `atLeastMs`; each call counts one failure. */
  next(atLeastMs = 0): number {
    const { firstMs, maxMs, jitterRatio = 0.2, random = Math.random } = this.#options;
    const delay = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return Math.max(atLeastMs, delay * (1 - jitterRatio * random()));
  }

  reset(): void {
    this.#failures = 0;
  }
}
