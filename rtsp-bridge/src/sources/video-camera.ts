// The one connection to a camera that sends its own H.264: opened while somebody wants its pictures,
// opened again when it failed, and shared by all, RTSP viewers and web viewers alike. How long a failure
// is waited out depends on its kind: a wrong password asked again and again locks cameras up.

import { Backoff } from "@gantry/platform/backoff";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import type { CodedPicture } from "./depacketizer.ts";
import { VideoFault, type VideoFaultKind } from "./fault.ts";
import { playCamera, type VideoTarget } from "./rtsp-camera.ts";
import { VideoClock } from "./video-clock.ts";

/** Who wants the pictures. */
export interface VideoViewer {
  /** A coded picture taken at `capturedMs`, monotonic; the first is a key picture. */
  readonly picture: (unit: AccessUnit, capturedMs: number, sets: ParameterSets) => void;
  /** The connection failed, or could not be had, in words. */
  readonly trouble: (reason: string) => void;
}

export interface VideoCameraOptions {
  /** Where the camera is, asked before each connection; undefined: it sends no video. @throws VideoFault */
  readonly target: (signal: AbortSignal) => Promise<VideoTarget | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the connection is held when nobody wants it any more, ms. */
  readonly graceMs?: number;
}

/** First and longest wait after a failure, ms. */
const patience = { firstMs: 500, maxMs: 3000 };
const longPatience = { firstMs: 60_000, maxMs: 600_000 };
const stubborn: ReadonlySet<VideoFaultKind> = new Set(["auth", "certificate", "format", "settings"]);
/** Short sessions one after the other are failures too. */
const healthyMs = 10_000;

const unitType = { sps: 7, pps: 8 } as const;

export class VideoCamera implements AsyncDisposable {
  readonly #options: VideoCameraOptions;
  readonly #viewers = new Set<VideoViewer>();
  readonly #backoff = new Backoff(patience);
  readonly #longBackoff = new Backoff(longPatience);
  readonly #pace = new VideoClock();
  #running: Promise<void> | undefined;
  #turn = new AbortController();
  #leaving = new AbortController();
  #isDisposed = false;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #sets: ParameterSets | undefined;
  #playing = false;
  #reason: string | null = null;

  constructor(options: VideoCameraOptions) {
    this.#options = options;
  }

  /** Why the last attempt failed; null since pictures came. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Pictures come now. */
  get playing(): boolean {
    return this.#playing;
  }

  /** Time until it is tried again, ms; 0 while it is tried, or runs. */
  get retryInMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#options.clock.monotonic());
  }

  /** Wants pictures from now on; dispose of what it gives when no more are wanted. */
  view(viewer: VideoViewer): Disposable {
    this.#viewers.add(viewer);
    this.#leaving.abort();
    if (!this.#isDisposed) this.#running ??= this.#run();
    return { [Symbol.dispose]: () => this.#leave(viewer) };
  }

  /** Whatever was waited out is forgotten: the address or the password may be another now. */
  retry(): void {
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    this.#backoff.reset();
    this.#longBackoff.reset();
    this.#turn.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#viewers.clear();
    this.#leaving.abort();
    this.#turn.abort();
    await this.#running;
  }

  #leave(viewer: VideoViewer): void {
    if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return;
    const { clock, graceMs = 1000 } = this.#options;
    this.#leaving = new AbortController();
    clock.wait(graceMs, this.#leaving.signal).then(
      () => this.#turn.abort(),
      () => undefined, // somebody wants it again
    );
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (this.#viewers.size > 0) {
      this.#turn = new AbortController();
      const { signal } = this.#turn;
      const startedMs = clock.monotonic();
      try {
        const waitMs = this.#notBeforeMs - startedMs;
        if (waitMs > 0) await clock.wait(waitMs, signal);
        await this.#play(signal);
      } catch (error) {
        if (!signal.aborted) this.#fail(VideoFault.from(error), clock.monotonic() - startedMs);
      }
      this.#playing = false;
    }
    this.#running = undefined;
  }

  async #play(signal: AbortSignal): Promise<void> {
    const { target, clock, log } = this.#options;
    const found = await target(signal);
    if (found === undefined) return aborted(signal);
    this.#sets = undefined;
    this.#pace.restart();
    log.debug("opening the camera's own video");
    await playCamera({
      target: found,
      clock,
      signal,
      onTrack: ({ parameterSets }) => (this.#sets = parameterSets),
      onPicture: (picture) => this.#take(picture),
    });
  }

  #take(picture: CodedPicture): void {
    const sets = (this.#sets = setsOf(picture, this.#sets));
    const capturedMs = this.#pace.take(picture.stamp, this.#options.clock.monotonic());
    if (sets === undefined) return;
    if (!this.#playing) this.#delivers();
    const unit: AccessUnit = { units: picture.units, key: picture.key, stampMs: capturedMs };
    for (const viewer of this.#viewers) viewer.picture(unit, capturedMs, sets);
  }

  #delivers(): void {
    this.#playing = true;
    if (this.#reason !== null) this.#options.log.info("the camera delivers again");
    this.#reason = null;
    this.#longBackoff.reset();
  }

  #fail(fault: VideoFault, afterMs: number): void {
    const { clock, log } = this.#options;
    if (afterMs > healthyMs && this.#playing) this.#backoff.reset();
    const retryMs = (stubborn.has(fault.kind) ? this.#longBackoff : this.#backoff).next();
    this.#notBeforeMs = clock.monotonic() + retryMs;
    const told = { reason: fault.message, retryMs: Math.round(retryMs) };
    if (fault.message === this.#reason) log.debug("the camera still sends no video", told);
    else log.warn("the camera sends no video", told);
    this.#reason = fault.message;
    for (const viewer of this.#viewers) viewer.trouble(fault.message);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The sets that hold for a picture: its own, or else those of before. */
function setsOf({ units }: CodedPicture, before: ParameterSets | undefined): ParameterSets | undefined {
  const find = (type: number): Uint8Array | undefined => units.find((unit) => ((unit[0] ?? 0) & 31) === type);
  const sps = find(unitType.sps) ?? before?.sps;
  const pps = find(unitType.pps) ?? before?.pps;
  return sps === undefined || pps === undefined ? undefined : { sps, pps };
}
