// One thing to do at a time that keeps moving. Moving it later costs nothing: the wait under way
// looks again when it ends.

import type { Clock } from "@gantry/platform/clock";

export class Alarm {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #ring: () => void;
  #dueMs: number | undefined;
  #wait: { readonly untilMs: number; readonly cancel: AbortController } | undefined;

  /** `ring` is called at most once for each `set`; never after the signal aborts. */
  constructor(clock: Clock, signal: AbortSignal, ring: () => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#ring = ring;
    signal.addEventListener("abort", () => this.#wait?.cancel.abort(), { once: true });
  }

  /** Rings at this monotonic time, ms, instead of the one set before. */
  set(dueMs: number): void {
    this.#dueMs = dueMs;
    if (this.#wait !== undefined && this.#wait.untilMs <= dueMs) return;
    this.#wait?.cancel.abort();
    this.#waitUntil(dueMs);
  }

  #waitUntil(untilMs: number): void {
    if (this.#signal.aborted) return;
    const wait = { untilMs, cancel: new AbortController() };
    this.#wait = wait;
    this.#clock.wait(untilMs - this.#clock.monotonic(), wait.cancel.signal).then(
      () => this.#look(),
      () => undefined,
    );
  }

  #look(): void {
    this.#wait = undefined;
    const due = this.#dueMs;
    if (due === undefined) return;
    if (this.#clock.monotonic() < due) {
      this.#waitUntil(due);
      return;
    }
    this.#dueMs = undefined;
    this.#ring();
  }
}
