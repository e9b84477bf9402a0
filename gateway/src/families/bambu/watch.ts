// Watches the status stream: a printer that goes silent is asked to report again, and given up when
// it does not. Some firmware stops reporting while its connection looks alive. Facts: the family's README.

import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../model/errors.ts";

/** Silence after which the printer is asked for its reports again, and how long it may take then. */
const silenceMs = 60_000;
const answerMs = 30_000;
/** Before the next connection. */
const coolDownMs = 30_000;

export interface WatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Time since the last report, ms. */
  readonly reportAgeMs: () => number;
  /** Asks the printer to go on reporting. */
  readonly restartReports: () => void;
}

/** Runs until the signal aborts. @throws PrinterError `timeout` when the printer stays silent */
export async function watchReports({ clock, signal, reportAgeMs, restartReports }: WatchOptions): Promise<never> {
  while (true) {
    await clock.wait(Math.max(1000, silenceMs - reportAgeMs()), signal);
    if (reportAgeMs() < silenceMs) continue;
    restartReports();
    await clock.wait(answerMs, signal);
    if (reportAgeMs() < answerMs) continue;
    const words = "the printer stopped reporting; its connection was given up";
    throw new PrinterError("timeout", words, { retryAfterMs: coolDownMs });
  }
}
