// A camera that has no stream, only single JPEG pictures: asked for one after the other, as long as
// somebody takes them. Never two requests at a time, and none ahead of its consumer.

import type { Clock } from "./clock.ts";
import { MjpegError, openMjpeg } from "./mjpeg.ts";

export interface StillsOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** From the beginning of one request to the next, ms. */
  readonly everyMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const usualEveryMs = 1000;
/** Longest wait for one picture, ms. */
const pictureMs = 10_000;

/**
 * Yields a picture about every `everyMs` (1 s by default), each from a request of its own.
 * @throws MjpegError when a request fails or brings no JPEG; the signal's reason when it aborts
 */
export async function* pollStills(url: string, options: StillsOptions): AsyncGenerator<Uint8Array, never> {
  const { signal, clock, headers = {}, everyMs = usualEveryMs } = options;
  while (true) {
    const beganMs = clock.monotonic();
    yield await still(url, signal, headers);
    const leftMs = beganMs + everyMs - clock.monotonic();
    if (leftMs > 0) await clock.wait(leftMs, signal);
  }
}

/** The first picture of the answer; the connection is closed after it. */
async function still(url: string, signal: AbortSignal, headers: Readonly<Record<string, string>>): Promise<Uint8Array> {
  for await (const jpeg of openMjpeg(url, { signal, stallMs: pictureMs, headers })) return jpeg;
  throw new MjpegError("ended", "the camera sent no picture");
}
