// For tests: an encoder that writes down what it is fed, and makes nothing.

import type { FakeClock } from "@gantry/platform/fake-clock";
import type { Encoder } from "../ffmpeg/process.ts";
import type { Take } from "../ffmpeg/steering.ts";

export class FakeEncoder implements Encoder {
  readonly pid = 1;
  readonly ready = new Promise<never>(() => undefined);
  readonly exited = new Promise<never>(() => undefined);
  undecodable = 0;
  busy = false;
  /** Stamp and first byte of what was fed, and when. */
  readonly fed: { readonly stampMs: number; readonly what: number; readonly atMs: number }[] = [];
  /** What each output does with each of them. */
  readonly takes: (readonly Take[])[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  feed(jpeg: Uint8Array, stampMs: number, takes: readonly Take[]): void {
    this.takes.push(takes);
    this.fed.push({ stampMs, what: jpeg[0] ?? -1, atMs: this.#clock.monotonic() });
  }

  /** Those of the first output that were asked to be key pictures. */
  get keys(): (typeof this.fed)[number][] {
    return this.fed.filter((_, index) => this.takes[index]?.[0] === "key");
  }

  /** What was fed, by its first byte. */
  get whats(): number[] {
    return this.fed.map(({ what }) => what);
  }
}
