// MJPEG over HTTP: the contract. The parser is ./mjpeg-parser.ts.
// It lives here, not in the gateway's camera room, because the printer families, the camera
// room and the RTSP bridge all read multipart streams of JPEG pictures.

import { MjpegParser } from "./mjpeg-parser.ts";

/** Longest JPEG that is taken, bytes. A longer one is skipped and counted. */
export const maxFrameBytes = 16 * 1024 * 1024;

export interface MjpegOptions {
  readonly signal: AbortSignal;
  /** Longest wait for the first picture, ms. */
  readonly firstFrameMs?: number;
  /** Longest wait between two pictures, ms. */
  readonly stallMs: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a stream of pictures ended. */
export class MjpegError extends Error {
  override readonly name = "MjpegError";
  readonly reason: "refused" | "not-mjpeg" | "stalled" | "ended" | "unreachable";
  readonly status: number | undefined;

  constructor(reason: MjpegError["reason"], message: string, details: { cause?: unknown; status?: number } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = reason;
    this.status = details.status;
  }
}

/**
 * Opens `url` and yields each whole JPEG (FF D8 … FF D9) as it arrives. Holds exactly one
 * connection, closed when the consumer stops or the signal aborts.
 *
 * @throws MjpegError when the server refuses, sends no MJPEG, goes silent or ends; the signal's
 *   reason when it aborts.
 */
export async function* openMjpeg(url: string, options: MjpegOptions): AsyncGenerator<Uint8Array, never> {
  const silence = new AbortController();
  const signal = AbortSignal.any([options.signal, silence.signal]);
  let timer: NodeJS.Timeout | undefined;
  const arm = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), ms);
  };
  try {
    arm(options.firstFrameMs ?? options.stallMs);
    const response = await fetch(url, { signal, headers: { ...options.headers }, redirect: "follow" });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new MjpegError("refused", `the camera answered HTTP ${response.status}`, { status: response.status });
    }
    const parser = new MjpegParser({ contentType: response.headers.get("content-type"), maxFrameBytes });
    for await (const chunk of response.body) {
      for (const frame of parser.push(chunk)) {
        yield frame;
        arm(options.stallMs);
      }
    }
    throw new MjpegError("ended", "the camera ended its stream");
  } catch (error) {
    options.signal.throwIfAborted();
    if (silence.signal.aborted) throw new MjpegError("stalled", "the camera sends no pictures", { cause: error });
    if (error instanceof MjpegError) throw error;
    throw new MjpegError("unreachable", "the camera cannot be reached", { cause: error });
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
