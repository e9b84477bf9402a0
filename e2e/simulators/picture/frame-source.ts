// The simulated camera's sensor: takes a picture at a steady rate while somebody watches and hands
// the same JPEG to everyone. While nobody watches it paints and encodes nothing.

import { Painter } from "./painter.ts";
import type { Scene } from "./scene.ts";

export interface Frame {
  readonly jpeg: Buffer;
  readonly frameNumber: number;
}

type Watcher = (frame: Frame) => void;

export interface FrameSourceOptions {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** The scene at this moment. */
  readonly look: () => Scene;
}

export class FrameSource implements Disposable {
  readonly #look: () => Scene;
  readonly #watchers = new Set<Watcher>();
  #width: number;
  #height: number;
  #framesPerSecond: number;
  #painter: Painter | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the next picture is due, ms on the steady clock. */
  #dueAt = 0;
  #busy = false;
  #frameNumber = 0;

  constructor(options: FrameSourceOptions) {
    this.#look = options.look;
    this.#width = options.width;
    this.#height = options.height;
    this.#framesPerSecond = options.framesPerSecond;
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.#width, height: this.#height };
  }

  get framesPerSecond(): number {
    return this.#framesPerSecond;
  }

  /** Pictures until the returned handle is disposed. */
  watch(watcher: Watcher): Disposable {
    this.#watchers.add(watcher);
    this.#run();
    return {
      [Symbol.dispose]: () => {
        this.#watchers.delete(watcher);
        if (this.#watchers.size === 0) this.#stop();
      },
    };
  }

  /** The next picture that is taken. */
  async next(): Promise<Frame> {
    return new Promise((resolve) => {
      const watch = this.watch((frame) => {
        watch[Symbol.dispose]();
        resolve(frame);
      });
    });
  }

  setSize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
  }

  setRate(framesPerSecond: number): void {
    this.#framesPerSecond = framesPerSecond;
    if (this.#timer === undefined) return;
    this.#stop();
    this.#run();
  }

  [Symbol.dispose](): void {
    this.#watchers.clear();
    this.#stop();
  }

  #run(): void {
    if (this.#timer !== undefined) return;
    this.#dueAt = performance.now();
    this.#schedule();
  }

  /** By due times, not by pauses, so that lateness does not add up and the rate is kept. */
  #schedule(): void {
    const periodMs = 1000 / this.#framesPerSecond;
    const now = performance.now();
    this.#dueAt = Math.max(this.#dueAt + periodMs, now);
    this.#timer = setTimeout(() => {
      void this.#capture();
      this.#schedule();
    }, this.#dueAt - now);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A picture that is still being made when the next is due costs that next one, as in a real camera. */
  async #capture(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const painter = await this.#painterOfSize();
      this.#frameNumber = (this.#frameNumber + 1) >>> 0;
      const frameNumber = this.#frameNumber;
      const jpeg = await painter.jpeg(this.#look(), { frameNumber, capturedAtMs: Date.now() });
      for (const watcher of this.#watchers) watcher({ jpeg, frameNumber });
    } finally {
      this.#busy = false;
    }
  }

  async #painterOfSize(): Promise<Painter> {
    if (this.#painter?.width !== this.#width || this.#painter.height !== this.#height) {
      this.#painter = await Painter.create(this.#width, this.#height);
    }
    return this.#painter;
  }
}
