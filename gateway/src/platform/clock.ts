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

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  wait: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
