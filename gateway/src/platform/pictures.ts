// Pictures from an HTTP address, whichever way the camera there gives them: as an MJPEG stream, or
// one JPEG a request, which is then asked for again and again. Never two connections at a time, and
// nothing is asked before its consumer took what came.

import type { Clock } from "./clock.ts";
import { MjpegError, openMjpeg, type MjpegOptions } from "./mjpeg.ts";

export interface PicturesOptions extends MjpegOptions {
  readonly clock: Clock;
  /** From one request for a single picture to the next, ms; 1000 by default. */
  readonly stillEveryMs?: number;
}

/**
 * Yields whole JPEG pictures as they come. An answer that ends after its one picture is a still:
 * the same address is asked again.
 * @throws MjpegError as `openMjpeg` does; the signal's reason when it aborts
 */
export async function* openPictures(url: string, options: PicturesOptions): AsyncGenerator<Uint8Array, never> {
  const { clock, signal, stillEveryMs = 1000 } = options;
  while (true) {
    const beganMs = clock.monotonic();
    let pictures = 0;
    try {
      for await (const jpeg of openMjpeg(url, options)) {
        pictures += 1;
        yield jpeg;
      }
    } catch (error) {
      const still = error instanceof MjpegError && error.reason === "ended" && pictures === 1;
      if (!still) throw error;
    }
    const leftMs = beganMs + stillEveryMs - clock.monotonic();
    if (leftMs > 0) await clock.wait(leftMs, signal);
  }
}
