// One address of the cloud: its last answer for a minute, one request at a time whoever asks, and a
// growing pause after failures. Whether the cloud may be asked at all is ./account.ts.

import { Backoff } from "@gantry/platform/backoff";
import type { Clock } from "@gantry/platform/clock";
import { CloudError } from "./request.ts";

const freshMs = 60_000;
const pauses = { firstMs: 60_000, maxMs: 3_600_000, jitterRatio: 0 };

interface Running<Value> {
  readonly answer: Promise<Value>;
  readonly over: AbortController;
  waiting: number;
}

export class Endpoint<Value> {
  readonly #clock: Clock;
  readonly #ask: (signal: AbortSignal) => Promise<Value>;
  readonly #backoff = new Backoff(pauses);
  #known: { readonly answer: Value; readonly atMs: number } | undefined;
  #failed: { readonly error: CloudError; readonly untilMs: number } | undefined;
  #running: Running<Value> | undefined;

  /** `ask` throws CloudError, or its signal's reason. */
  constructor(clock: Clock, ask: (signal: AbortSignal) => Promise<Value>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** @throws CloudError, the last one again while it is too early to ask; the signal's reason */
  async answer(signal: AbortSignal): Promise<Value> {
    signal.throwIfAborted();
    const nowMs = this.#clock.monotonic();
    if (this.#known !== undefined && nowMs - this.#known.atMs < freshMs) return this.#known.answer;
    if (this.#failed !== undefined && nowMs < this.#failed.untilMs) throw this.#failed.error;
    // One that everybody has left is being cut off.
    if (this.#running === undefined || this.#running.over.signal.aborted) this.#running = this.#begin();
    return join(this.#running, signal);
  }

  #begin(): Running<Value> {
    const over = new AbortController();
    const running = { answer: this.#once(over.signal), over, waiting: 0 };
    const forget = (): void => {
      if (this.#running === running) this.#running = undefined;
    };
    running.answer.then(forget, forget); // who waits is told
    return running;
  }

  async #once(signal: AbortSignal): Promise<Value> {
    try {
      const answer = await this.#ask(signal);
      this.#known = { answer, atMs: this.#clock.monotonic() };
      this.#failed = undefined;
      this.#backoff.reset();
      return answer;
    } catch (error) {
      this.#known = undefined;
      // What stops everything is remembered for everything.
      if (error instanceof CloudError && error.failure !== "expired" && error.failure !== "blocked") {
        this.#failed = { error, untilMs: this.#clock.monotonic() + this.#backoff.next(error.retryAfterMs) };
      }
      throw error;
    }
  }
}

/** Waits with the others; the request ends when nobody waits any more. */
async function join<Value>(running: Running<Value>, signal: AbortSignal): Promise<Value> {
  const left = Promise.withResolvers<never>();
  const leave = (): void => left.reject(signal.reason as Error);
  signal.addEventListener("abort", leave, { once: true });
  running.waiting += 1;
  try {
    return await Promise.race([running.answer, left.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
    running.waiting -= 1;
    if (running.waiting === 0) running.over.abort(new DOMException("nobody waits for it", "AbortError"));
  }
}
