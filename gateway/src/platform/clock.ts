// Time as a dependency: the wall clock by default, a fake one in tests.

import { setTimeout as sleep } from "node:timers/promises";

export interface Clock {
  /** Unix time in ms. Steps when the machine's clock is set. */
  now(): number;
  /** Milliseconds that never step back; the origin is arbitrary. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node ends a longer timer at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  wait: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      for (let leftMs = ms; leftMs > 0; leftMs -= longestTimerMs) {
        await sleep(Math.min(leftMs, longestTimerMs), undefined, signal === undefined ? {} : { signal });
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
