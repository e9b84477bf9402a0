// One encoder kept ready: started, and primed with one picture that nobody sees, so that it has
// loaded and set up everything and its next picture comes out in milliseconds. It costs memory and
// no CPU. Whoever takes it gets it for good, and the next is made at once.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import { startEncoder, type Encoder, type EncoderSink } from "../ffmpeg/process.ts";
import { EncoderRestarts } from "./encoder-restarts.ts";

export interface SpareOptions {
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the spare is to be ready for. */
export interface SpareWish {
  /** Tells encoders apart that make different streams. */
  readonly key: string;
  readonly args: readonly string[];
  readonly size: PictureSize;
  /** Any JPEG. */
  readonly jpeg: Uint8Array;
}

export interface PrimedEncoder {
  readonly encoder: Encoder;
  readonly sets: ParameterSets;
  /** Stamp of the picture that it was primed with. */
  readonly stampMs: number;
  /** From now on units go there, and this signal ends it. */
  readonly handOver: (sink: EncoderSink, signal: AbortSignal) => void;
}

interface Making {
  readonly wish: SpareWish;
  readonly stop: AbortController;
  ready: PrimedEncoder | undefined;
}

export class Spare implements AsyncDisposable {
  readonly #options: SpareOptions;
  readonly #children = new Set<Promise<unknown>>();
  #making: Making | undefined;

  constructor(options: SpareOptions) {
    this.#options = options;
  }

  /** What is to be kept ready from now on; undefined: nothing. An equal wish changes nothing. */
  want(wish: SpareWish | undefined): void {
    if (wish?.key === this.#making?.wish.key) return;
    this.#making?.stop.abort();
    this.#making = wish === undefined ? undefined : { wish, stop: new AbortController(), ready: undefined };
    if (this.#making !== undefined) void this.#make(this.#making);
  }

  /** The encoder, if it is ready for this; another is then made. */
  take(key: string): PrimedEncoder | undefined {
    const making = this.#making;
    const primed = making?.ready;
    if (making === undefined || primed === undefined || making.wish.key !== key) return undefined;
    this.#making = undefined;
    this.want(making.wish);
    return primed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.want(undefined);
    await Promise.all(this.#children);
  }

  /** Until it is taken or no longer wanted. */
  async #make(making: Making): Promise<void> {
    const { clock, log } = this.#options;
    const restarts = new EncoderRestarts();
    while (!making.stop.signal.aborted && this.#making === making) {
      const exit = await this.#prime(making);
      making.ready = undefined;
      // Taken, it has become somebody else's to restart.
      if (making.stop.signal.aborted || this.#making !== making) return;
      const { delayMs } = restarts.next(exit.ranMs);
      log.warn("the encoder in reserve ended and is started again", { reason: exit.reason, afterMs: delayMs });
      await clock.wait(delayMs, making.stop.signal).catch(() => undefined);
    }
  }

  async #prime(making: Making): Promise<{ readonly reason: string; readonly ranMs: number }> {
    const { ffmpegPath, clock, log } = this.#options;
    const { args, size, jpeg } = making.wish;
    const life = new AbortController();
    const stop = (): void => life.abort();
    making.stop.signal.addEventListener("abort", stop, { once: true });
    let sink: EncoderSink | undefined;
    const primed = Promise.withResolvers<AccessUnit>();
    const encoder = startEncoder({
      ffmpegPath,
      args,
      size,
      clock,
      log,
      signal: life.signal,
      onAccessUnit: (unit) => (sink === undefined ? primed.resolve(unit) : sink.onAccessUnit(unit)),
      onReady: () => sink?.onReady(),
    });
    this.#children.add(encoder.exited);
    void encoder.exited.then(() => this.#children.delete(encoder.exited));
    encoder.feed(jpeg, 0);
    const handOver: PrimedEncoder["handOver"] = (next, signal) => {
      sink = next;
      making.stop.signal.removeEventListener("abort", stop);
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    };
    // Neither settles when the child ends before.
    void Promise.all([encoder.ready, primed.promise]).then(([sets, { stampMs }]) => {
      making.ready = { encoder, sets, stampMs, handOver };
      return undefined;
    });
    return encoder.exited;
  }
}
