// The one connection to a camera: opened while somebody looks, held for a while after the last
// one left, opened again when it failed. There are never two: cameras of this kind have one slot,
// and some free it late, which is why one is not opened right after another either.

import { Backoff } from "@gantry/platform/backoff";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { PrinterError } from "../model/errors.ts";
import { reasonOf } from "./reason.ts";

export interface UpstreamOptions {
  /** Opens the connection; its pictures end or fail when the signal aborts. */
  readonly open: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the connection is held when nobody looks any more, ms. */
  readonly graceMs: number;
  /** Least time from the end of one connection to the opening of the next, ms. */
  readonly reopenMs: number;
  readonly onFrame: (jpeg: Uint8Array) => void;
  /** A connection failed that had brought so many frames; the next one is `retryInMs` away. */
  readonly onFailure: (frames: number) => void;
}

/**
 * Bounds of the wait after a failure, ms. Short while the failure is new: a camera that restarts is back
 * within seconds, and a viewer waits for it.
 */
const fresh = { firstMs: 250, maxMs: 750 };
const freshForMs = 30_000;
const lasting = { firstMs: 1000, maxMs: 10_000 };

export class Upstream implements AsyncDisposable {
  readonly #options: UpstreamOptions;
  readonly #freshBackoff = new Backoff(fresh);
  readonly #backoff: Backoff;
  /** Monotonic ms of the first failure since pictures came. */
  #failingSinceMs: number | undefined;
  #wanted = false;
  #disposed = false;
  #running: Promise<void> | undefined;
  /** Ends the present connection, or the wait for it. */
  #turn = new AbortController();
  /** Cancels the closing of a connection that nobody wants just now. */
  #grace = new AbortController();
  #open = false;
  #frames = 0;
  #failed = false;
  #restarts = 0;
  #reason: string | null = null;
  /** Monotonic time before which nothing is opened, ms. */
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ ...lasting, firstMs: Math.max(lasting.firstMs, options.reopenMs) });
  }

  /** True from the attempt to connect until the connection is closed. */
  get open(): boolean {
    return this.#open;
  }

  /** Frames that the present connection has brought; 0 without one. */
  get frames(): number {
    return this.#open ? this.#frames : 0;
  }

  /** Times it was opened again after a failure. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Why the last attempt failed, in words; null since a picture came. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Time until the next opening is allowed, ms. */
  get retryInMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#options.clock.monotonic());
  }

  /** Somebody looks: opens the camera, or keeps it open. Idempotent. */
  want(): void {
    if (this.#disposed) return;
    this.#wanted = true;
    this.#grace.abort();
    this.#running ??= this.#run();
  }

  /** Nobody looks any more: the connection is closed after the grace. Idempotent. */
  unwant(): void {
    this.#wanted = false;
    this.#grace.abort();
    if (!this.#open) {
      this.#turn.abort();
      return;
    }
    const turn = this.#turn;
    this.#grace = new AbortController();
    this.#options.clock.wait(this.#options.graceMs, this.#grace.signal).then(
      () => turn.abort(),
      () => undefined, // somebody looks again
    );
  }

  /** Closes the connection and waits until it is closed. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#wanted = false;
    this.#grace.abort();
    this.#turn.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#turn = new AbortController();
      const { signal } = this.#turn;
      try {
        if (this.retryInMs > 0) await this.#options.clock.wait(this.retryInMs, signal);
        await this.#connect(signal);
      } catch (error) {
        if (!signal.aborted) this.#fail(error);
      }
    }
    this.#grace.abort();
    this.#running = undefined;
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const { clock, log, open, onFrame, reopenMs } = this.#options;
    this.#restarts += this.#failed ? 1 : 0;
    this.#failed = false;
    this.#frames = 0;
    this.#open = true;
    log.debug("opening the camera");
    try {
      for await (const jpeg of open(signal)) {
        if (signal.aborted) return;
        if (this.#frames === 0) this.#delivers();
        this.#frames += 1;
        onFrame(jpeg);
      }
      throw new PrinterError("unreachable", "the camera ended its stream");
    } finally {
      this.#open = false;
      this.#notBeforeMs = clock.monotonic() + reopenMs;
      log.debug("the camera is closed", { frames: this.#frames });
    }
  }

  #delivers(): void {
    if (this.#reason !== null) this.#options.log.info("the camera delivers again");
    this.#reason = null;
    this.#failingSinceMs = undefined;
    this.#freshBackoff.reset();
    this.#backoff.reset();
  }

  #fail(error: unknown): void {
    const { clock, log, onFailure, reopenMs } = this.#options;
    const reason = reasonOf(error);
    const heldBackMs = error instanceof PrinterError ? (error.retryAfterMs ?? 0) : 0;
    const now = clock.monotonic();
    this.#failingSinceMs ??= now;
    const backoff = now - this.#failingSinceMs < freshForMs ? this.#freshBackoff : this.#backoff;
    const delayMs = backoff.next(Math.max(reopenMs, heldBackMs));
    this.#notBeforeMs = now + delayMs;
    this.#failed = true;
    // A camera that is off would else fill the log as long as somebody waits for it.
    if (reason === this.#reason) log.debug("the camera failed again", { reason, retryMs: Math.round(delayMs) });
    else log.warn("the camera failed", { error, retryMs: Math.round(delayMs) });
    this.#reason = reason;
    onFailure(this.#frames);
  }
}
