// One command that moves the machine at a time: the lifecycle of a job, motion, deletion. The
// vendor's page locks its buttons for five seconds after one of the lifecycle; so does this.

import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../model/errors.ts";

const lockMs = 5000;

export class Turn {
  readonly #clock: Clock;
  #taken = false;
  #freeMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs alone, and not sooner than five seconds after the last `locking` run.
   * @throws PrinterError `wrong_phase` while another runs or waits; the signal's reason; what `run` throws
   */
  async take<Result>(signal: AbortSignal, run: () => Promise<Result>): Promise<Result> {
    if (this.#taken) {
      throw new PrinterError("wrong_phase", "another command is on its way to the printer; wait for it");
    }
    this.#taken = true;
    try {
      const waitMs = this.#freeMs - this.#clock.monotonic();
      if (waitMs > 0) await this.#clock.wait(waitMs, signal);
      return await run();
    } finally {
      this.#taken = false;
    }
  }

  /** A lifecycle command goes out now. */
  lock(): void {
    this.#freeMs = this.#clock.monotonic() + lockMs;
  }
}
