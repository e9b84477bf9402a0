// A clock for tests: time stands still until `advance` moves it. Waits end in the order of
// their time, and everything that a wait sets going settles before the next one ends.

import type { Clock } from "./clock.ts";

interface Wait {
  readonly dueMs: number;
  readonly end: () => void;
}

export class FakeClock implements Clock {
  readonly #waits = new Set<Wait>();
  #elapsedMs = 0;
  #unixMs: number;

  /** Starts at a Unix time in ms; `monotonic` starts at 0. */
  constructor(unixMs = Date.UTC(2026, 0, 1)) {
    this.#unixMs = unixMs;
  }

  now(): number {
    return this.#unixMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  /** How many waits have not ended. Zero after a clean stop. */
  get pending(): number {
    return this.#waits.size;
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const abort = (): void => {
        this.#waits.delete(wait);
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a reason is whatever the aborter gave
        reject(signal?.reason);
      };
      const wait: Wait = {
        dueMs: this.#elapsedMs + Math.max(0, ms),
        end: () => {
          this.#waits.delete(wait);
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waits.add(wait);
    });
  }

  /** Moves time on by `ms`, stopping at each wait that falls due, also those begun on the way. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settle();
    for (let wait = this.#next(untilMs); wait !== undefined; wait = this.#next(untilMs)) {
      this.#elapsedMs = wait.dueMs;
      wait.end();
      await settle();
    }
    this.#elapsedMs = untilMs;
    await settle();
  }

  /** Sets the wall clock, as a time server does; `monotonic` and waits do not notice. */
  step(ms: number): void {
    this.#unixMs += ms;
  }

  #next(untilMs: number): Wait | undefined {
    let next: Wait | undefined;
    for (const wait of this.#waits) {
      if (wait.dueMs <= untilMs && (next === undefined || wait.dueMs < next.dueMs)) next = wait;
    }
    return next;
  }
}

/** Lets every promise chain that can move on do so: one full turn of the event loop. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
}
