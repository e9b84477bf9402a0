// JPEG pictures of a camera that sends H.264, for snapshots and browsers: one ffmpeg decodes what comes over
// the camera's one connection, for all who look, and only while somebody does.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import type { PictureFeed, PictureViewer } from "../streams/streams.ts";
import { startDecoder, type Decoder } from "./decoder.ts";
import type { VideoCamera } from "./video-camera.ts";

export interface FramesOptions {
  readonly camera: VideoCamera;
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who asks while the camera is left alone for longer is told why at once, ms. */
const longMs = 3000;
/** Least time from one start of the decoder to the next, ms. */
const restartMs = 2000;

export class Frames implements PictureFeed, AsyncDisposable {
  readonly #options: FramesOptions;
  readonly #viewers = new Set<PictureViewer>();
  readonly #endings = new Set<Promise<unknown>>();
  #source: Disposable | undefined;
  #decoder: Decoder | undefined;
  #stop = new AbortController();
  #startedMs = Number.NEGATIVE_INFINITY;

  constructor(options: FramesOptions) {
    this.#options = options;
  }

  view(viewer: PictureViewer): Disposable {
    this.#viewers.add(viewer);
    const { camera } = this.#options;
    this.#source ??= camera.view({
      picture: (unit, _capturedMs, sets) => this.#feed(unit, sets),
      trouble: (reason) => this.trouble(reason),
    });
    if (camera.retryInMs > longMs && camera.reason !== null) viewer.trouble(camera.reason);
    return {
      [Symbol.dispose]: () => {
        if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#end();
      },
    };
  }

  /** Tells all who look. */
  trouble(reason: string): void {
    for (const viewer of this.#viewers) viewer.trouble(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#viewers.clear();
    this.#end();
    await Promise.all(this.#endings);
  }

  #end(): void {
    this.#source?.[Symbol.dispose]();
    this.#source = undefined;
    this.#stop.abort();
    this.#decoder = undefined;
  }

  #feed(unit: AccessUnit, sets: ParameterSets): void {
    if (this.#decoder === undefined && unit.key) this.#start();
    this.#decoder?.feed(unit, sets);
  }

  #start(): void {
    const { clock, log, ffmpegPath } = this.#options;
    const now = clock.monotonic();
    if (now - this.#startedMs < restartMs) return;
    this.#startedMs = now;
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const decoder = startDecoder({
      ffmpegPath,
      clock,
      log,
      signal,
      onPicture: (jpeg) => {
        for (const viewer of this.#viewers) viewer.picture(jpeg);
      },
    });
    this.#decoder = decoder;
    const ending = this.#whenEnded(decoder, signal).finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
  }

  async #whenEnded(decoder: Decoder, signal: AbortSignal): Promise<void> {
    const reason = await decoder.exited;
    if (this.#decoder === decoder) this.#decoder = undefined;
    if (signal.aborted) return;
    this.#options.log.warn("the decoder of the camera's video ended", { reason });
    this.trouble("the camera's video cannot be decoded");
  }
}
