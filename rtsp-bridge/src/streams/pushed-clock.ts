// For tests: the system's clock, with a monotonic time that can be pushed ahead of the real one.

import { systemClock, type Clock } from "@gantry/platform/clock";

export class PushedClock implements Clock {
  aheadMs = 0;
  now(): number {
    return systemClock.now() + this.aheadMs;
  }
  monotonic(): number {
    return systemClock.monotonic() + this.aheadMs;
  }
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    await systemClock.wait(ms, signal);
  }
}
