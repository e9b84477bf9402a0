// One path as it is asked about: who wants it, and what became of that. What is published there is
// its camera's business: ./camera.ts.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import { RateMeter } from "./rate-meter.ts";
import type { StreamCounters, StreamStatus } from "./streams.ts";

const toldForMs = 60_000;

/** The totals of a stream that has not begun. */
export const nothingCounted = {
  framesIn: 0,
  framesDropped: 0,
  framesHeld: 0,
  framesOut: 0,
  bytesOut: 0,
  encoderFallbacks: 0,
  refusals: 0,
} satisfies StreamCounters;

/** One stretch of being published. */
interface Run {
  readonly demandedMs: number;
  readonly meter: RateMeter;
  sent: boolean;
}

export class Stream {
  readonly id: string;
  /** Somebody waits for it or watches it. */
  isDemanded = false;
  viewers = 0;
  readonly counted = { ...nothingCounted };
  restarts = 0;
  readonly #clock: Clock;
  readonly #log: Log;
  #run: Run | undefined;
  /** Monotonic time until which it is told that viewers were refused, ms. */
  #refusedUntilMs = Number.NEGATIVE_INFINITY;
  #startSeconds: number | null = null;
  #size: PictureSize | null = null;

  constructor(id: string, clock: Clock, log: Log) {
    this.id = id;
    this.#clock = clock;
    this.#log = log;
  }

  /** Viewers were refused a moment ago, and would be again. */
  get isRefused(): boolean {
    return this.#clock.monotonic() < this.#refusedUntilMs;
  }

  /** Viewers went away refused: told for a while, as nobody could read it in the moment that they waited. */
  refused(): void {
    this.#refusedUntilMs = this.#clock.monotonic() + toldForMs;
  }

  /** They would not be refused now. */
  admitted(): void {
    this.#refusedUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** It is published from now on; a second call changes nothing. */
  began(): void {
    const now = this.#clock.monotonic();
    this.#run ??= { demandedMs: now, meter: new RateMeter(now), sent: false };
  }

  ended(): void {
    this.#run = undefined;
  }

  sent(bytes: number, size: PictureSize | null): void {
    this.counted.framesOut += 1;
    this.counted.bytesOut += bytes;
    const run = this.#run;
    if (run === undefined) return;
    const now = this.#clock.monotonic();
    run.meter.count(now, bytes);
    if (run.sent) return;
    run.sent = true;
    this.#size = size;
    this.#startSeconds = (now - run.demandedMs) / 1000;
    this.#log.info("the stream is watched", { startSeconds: this.#startSeconds, ...size });
  }

  status(about: Pick<StreamStatus, "state" | "reason" | "source" | "encoder">): StreamStatus {
    const rates = this.#run?.meter.read(this.#clock.monotonic());
    return {
      id: this.id,
      state: about.state,
      reason: about.reason,
      viewers: this.viewers,
      source: about.source,
      width: this.#size?.width ?? null,
      height: this.#size?.height ?? null,
      framesPerSecond: rates?.framesPerSecond ?? null,
      bitsPerSecond: rates?.bitsPerSecond ?? null,
      startSeconds: this.#startSeconds,
      restarts: this.restarts,
      encoder: about.encoder,
    };
  }
}
