// One camera, many viewers: frames of the one upstream connection (./upstream.ts) handed to
// everybody who looks, each behind a short queue of its own (./frame-queue.ts).

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { PrinterError } from "../model/errors.ts";
import { FrameQueue } from "./frame-queue.ts";
import type { CameraHub, CameraStatistics, Frame, ViewerKind } from "./hub.ts";
import { Upstream } from "./upstream.ts";

export interface BroadcasterOptions {
  /** Opens the camera's one connection; its pictures end or fail when the signal aborts. */
  readonly open: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the camera is held open after the last viewer, ms. */
  readonly graceMs?: number;
  /** Least time from the end of one connection to the opening of the next, ms. */
  readonly reopenMs?: number;
}

/** A newest frame up to this age is shown to a new viewer at once, ms. */
const freshMs = 2000;
/** Until a failed camera may be opened again, who waits for a first frame waits so long and no longer, ms. */
const patienceMs = 8000;
/** Less than this is no time to come again after, ms. */
const leastRetryMs = 1000;

/** A camera for any number of viewers. Nothing is opened before the first. Dispose ends all of them and waits. */
export function createBroadcaster(options: BroadcasterOptions): CameraHub & AsyncDisposable {
  return new Broadcaster(options);
}

class Broadcaster implements CameraHub, AsyncDisposable {
  readonly #clock: Clock;
  readonly #upstream: Upstream;
  readonly #viewers = new Map<FrameQueue, ViewerKind>();
  /** Those who wait for one frame, and the monotonic time until they do, ms. */
  readonly #snapshots = new Map<FrameQueue, number>();
  /** Those who wait for their first frame. */
  readonly #beginners = new Set<FrameQueue>();
  #newest: Frame | undefined;
  /** Sequence of the first frame of the newest connection. */
  #firstOfConnection = 0;
  #frames = 0;
  #bytes = 0;
  #dropped = 0;
  #disposed = false;

  constructor({ open, clock, log, graceMs = 5000, reopenMs = 5000 }: BroadcasterOptions) {
    this.#clock = clock;
    const onFrame = (jpeg: Uint8Array): void => this.#publish(jpeg);
    const onFailure = (frames: number): void => {
      for (const viewer of this.#beginners) viewer.close();
      this.#giveUpSnapshots(frames === 1);
    };
    this.#upstream = new Upstream({ open, clock, log, graceMs, reopenMs, onFrame, onFailure });
  }

  get statistics(): CameraStatistics {
    const viewers: Record<ViewerKind, number> = { mjpeg: 0, snapshot: 0, rtsp: 0 };
    for (const kind of this.#viewers.values()) viewers[kind] += 1;
    const { open, restarts } = this.#upstream;
    const counts = { frames: this.#frames, bytes: this.#bytes, dropped: this.#dropped };
    return { ...counts, restarts, viewers, open, reason: this.#viewers.size === 0 ? null : this.#reason() };
  }

  async watch({ kind, signal }: { kind: ViewerKind; signal: AbortSignal }): Promise<AsyncIterable<Frame>> {
    const newest = this.#newest;
    const viewer = this.#join(kind, signal);
    if (newest !== undefined && this.#ageMs(newest) < freshMs) viewer.push(newest);
    else if (!this.#upstream.open && this.#upstream.retryInMs > patienceMs) viewer.close();
    else this.#beginners.add(viewer);
    const hasBegun = await viewer.begun;
    this.#beginners.delete(viewer);
    if (hasBegun) return viewer;
    throw this.#noPicture(signal, "the camera has sent no picture yet");
  }

  async snapshot(options: { maxAgeMs: number; timeoutMs: number; signal: AbortSignal }): Promise<Frame> {
    const { maxAgeMs, signal } = options;
    const newest = this.#disposed ? undefined : this.#newest;
    const fresh = newest !== undefined && this.#ageMs(newest) <= maxAgeMs ? newest : undefined;
    if (signal.aborted || fresh === undefined || this.#isDoubtful(fresh)) return this.#wait(options, fresh);
    // Whoever takes snapshots in a row keeps the camera open without ever waiting for a frame.
    if (this.#upstream.open) this.#join("snapshot", signal).close();
    return fresh;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const viewer of this.#viewers.keys()) viewer.close();
    await this.#upstream[Symbol.asyncDispose]();
  }

  #join(kind: ViewerKind, signal: AbortSignal): FrameQueue {
    const close = (): void => viewer.close();
    const viewer = new FrameQueue({
      onDrop: () => void (this.#dropped += 1),
      onClose: () => {
        signal.removeEventListener("abort", close);
        if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#upstream.unwant();
      },
    });
    if (this.#disposed || signal.aborted) {
      viewer.close();
      return viewer;
    }
    signal.addEventListener("abort", close);
    this.#viewers.set(viewer, kind);
    this.#upstream.want();
    return viewer;
  }

  #publish(jpeg: Uint8Array): void {
    this.#frames += 1;
    this.#bytes += jpeg.length;
    const frame: Frame = { jpeg, arrivedMs: this.#clock.monotonic(), sequence: this.#frames };
    if (this.#upstream.frames === 1) this.#firstOfConnection = frame.sequence;
    this.#newest = frame;
    for (const viewer of this.#viewers.keys()) viewer.push(frame);
    this.#beginners.clear();
  }

  /** The next frame that can be trusted; a doubtful one when no other came before that grew old. */
  async #wait(
    { maxAgeMs, timeoutMs, signal }: { maxAgeMs: number; timeoutMs: number; signal: AbortSignal },
    doubtful: Frame | undefined,
  ): Promise<Frame> {
    const viewer = this.#join("snapshot", signal);
    this.#snapshots.set(viewer, this.#clock.monotonic() + timeoutMs);
    const timers = new AbortController();
    const closeIn = (ms: number): void => {
      this.#clock.wait(ms, timers.signal).then(
        () => viewer.close(),
        () => undefined, // a frame came before
      );
    };
    let fallback = doubtful;
    try {
      closeIn(timeoutMs);
      if (fallback !== undefined) closeIn(maxAgeMs - this.#ageMs(fallback));
      if (!this.#upstream.open) this.#giveUpSnapshots(false);
      for await (const frame of viewer) {
        if (!this.#isDoubtful(frame)) return frame;
        fallback = frame;
        closeIn(maxAgeMs);
      }
    } finally {
      timers.abort();
      this.#snapshots.delete(viewer);
    }
    if (signal.aborted || this.#disposed) fallback = undefined;
    if (fallback !== undefined && this.#ageMs(fallback) <= maxAgeMs) return fallback;
    throw this.#noPicture(signal, "the camera sent no picture in time; try again");
  }

  /** Why who waited goes without; `otherwise` where the camera has not failed. */
  #noPicture(signal: AbortSignal, otherwise: string): PrinterError {
    if (signal.aborted) return new PrinterError("aborted", "the request was cancelled", { cause: signal.reason });
    const retryAfterMs = Math.max(leastRetryMs, this.#upstream.retryInMs);
    return new PrinterError("unreachable", this.#reason() ?? otherwise, { retryAfterMs });
  }

  /** Ends the wait for a frame where a doubtful one is all there will be, or the next connection comes too late. */
  #giveUpSnapshots(hadDoubtful: boolean): void {
    const nextMs = this.#clock.monotonic() + this.#upstream.retryInMs;
    for (const [viewer, untilMs] of this.#snapshots) if (hadDoubtful || nextMs > untilMs) viewer.close();
  }

  /** Some cameras send an old or black picture first, so the first one of a connection is not trusted. */
  #isDoubtful(frame: Frame): boolean {
    return this.#upstream.open && frame.sequence === this.#firstOfConnection;
  }

  #reason(): string | null {
    if (this.#disposed) return "the camera was removed from the inventory";
    if (this.#upstream.frames > 0) return null;
    return this.#upstream.reason ?? "the camera has sent no picture yet";
  }

  #ageMs(frame: Frame): number {
    return this.#clock.monotonic() - frame.arrivedMs;
  }
}
