// How many streams are encoded at the same time, and how many may be. Pure bookkeeping.

import { availableParallelism } from "node:os";
import type { PictureSize } from "../ffmpeg/jpeg.ts";

/** Smaller pictures take one thread a few milliseconds; more threads would only cost. */
const largePixels = 1280 * 720;
const maxThreads = 4;

export class Load {
  readonly #active = new Set<object>();
  readonly #cores: number;
  #max = Infinity;

  constructor(cores = availableParallelism()) {
    this.#cores = cores;
  }

  get max(): number {
    return this.#max;
  }

  set max(streams: number) {
    this.#max = streams;
  }

  get isFull(): boolean {
    return this.#active.size >= this.#max;
  }

  /** Whether one more may run; then it counts until it leaves. */
  enter(stream: object): boolean {
    if (!this.#active.has(stream) && this.isFull) return false;
    this.#active.add(stream);
    return true;
  }

  leave(stream: object): void {
    this.#active.delete(stream);
  }

  /** Threads for an encoder that starts now. */
  threads({ width, height }: PictureSize): number {
    if (width * height <= largePixels) return 1;
    return Math.max(1, Math.min(maxThreads, Math.floor(this.#cores / Math.max(1, this.#active.size))));
  }
}
