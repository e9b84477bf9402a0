// Frames on their way to one viewer: at most a few, the newest win. Not a buffer for smoothing:
// a viewer that is too slow sees fewer pictures, never later ones.

import type { Frame } from "./hub.ts";

/** Frames that wait for a viewer that is busy with another. */
const depth = 2;

export interface FrameQueueOptions {
  /** A frame was given up because the viewer was too slow. */
  readonly onDrop: () => void;
  /** Called once, by whichever side ends it first. */
  readonly onClose: () => void;
}

export class FrameQueue implements AsyncIterableIterator<Frame, undefined> {
  readonly #options: FrameQueueOptions;
  readonly #frames: Frame[] = [];
  readonly #waiting: ((result: IteratorResult<Frame, undefined>) => void)[] = [];
  readonly #begun = Promise.withResolvers<boolean>();
  #closed = false;

  constructor(options: FrameQueueOptions) {
    this.#options = options;
  }

  /** Resolves with its first frame, to true, or to false when it was closed without one. Takes no frame. */
  get begun(): Promise<boolean> {
    return this.#begun.promise;
  }

  push(frame: Frame): void {
    if (this.#closed) return;
    this.#begun.resolve(true);
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting({ done: false, value: frame });
      return;
    }
    if (this.#frames.length === depth) {
      this.#frames.shift();
      this.#options.onDrop();
    }
    this.#frames.push(frame);
  }

  /** Ends the iteration at once, also for one who waits for the next frame. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#begun.resolve(false);
    this.#frames.length = 0;
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
    this.#options.onClose();
  }

  next(): Promise<IteratorResult<Frame, undefined>> {
    const value = this.#frames.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Frame, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
