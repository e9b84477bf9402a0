// One encoder kept ready (./prime.ts). Whoever takes it gets it for good, and the next is made at
// once.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { EncoderExit } from "../ffmpeg/process.ts";
import { EncoderRestarts } from "./encoder-restarts.ts";
import type { Form } from "./form.ts";
import { prime, type PrimedEncoder } from "./prime.ts";

export interface SpareOptions {
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the spare is to be ready for. */
export interface SpareWish {
  readonly form: Form;
  /** Any JPEG. */
  readonly jpeg: Uint8Array;
  /** It ended without having been taken. */
  readonly onEnded: (exit: EncoderExit) => void;
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
    if (wish?.form.key === this.#making?.wish.form.key) return;
    this.#making?.stop.abort();
    this.#making = wish === undefined ? undefined : { wish, stop: new AbortController(), ready: undefined };
    if (this.#making !== undefined) void this.#make(this.#making);
  }

  /** The encoder, if it is ready for this; another is then made. */
  take({ key }: Form): PrimedEncoder | undefined {
    const making = this.#making;
    const primed = making?.ready;
    if (making === undefined || primed === undefined || making.wish.form.key !== key) return undefined;
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
      making.wish.onEnded(exit);
      const { delayMs } = restarts.next(exit.ranMs);
      log.warn("the encoder in reserve ended and is started again", { reason: exit.reason, afterMs: delayMs });
      await clock.wait(delayMs, making.stop.signal).catch(() => undefined);
    }
  }

  async #prime(making: Making): Promise<EncoderExit> {
    const { form, jpeg } = making.wish;
    const { encoder, primed } = prime({ ...this.#options, form, jpeg, signal: making.stop.signal });
    this.#children.add(encoder.exited);
    void encoder.exited.then(() => this.#children.delete(encoder.exited));
    void primed.then((ready) => (making.ready = ready));
    return encoder.exited;
  }
}
