// The pictures of one camera, from the gateway's MJPEG stream: one connection, opened again for
// as long as the signal allows, and no more pictures than asked for. What is dropped here is never
// decoded.

import { Backoff } from "@gantry/platform/backoff";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { MjpegError, openMjpeg } from "@gantry/platform/mjpeg";
import { jpegSize, type PictureSize } from "../ffmpeg/jpeg.ts";
import { Pace } from "./pace.ts";
import { RateLimit } from "./rate-limit.ts";

export interface Picture {
  /** A whole JPEG. */
  readonly jpeg: Uint8Array;
  readonly size: PictureSize;
  /** When it arrived, monotonic ms. */
  readonly arrivedMs: number;
}

export interface SourceOptions {
  readonly url: string;
  readonly maxFramesPerSecond: number;
  /** What is sent with each request; read anew each time. */
  readonly headers?: () => Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly onPicture: (picture: Picture) => void;
  /** A picture was left out: above the rate, or no whole JPEG. */
  readonly onDropped: () => void;
  /** The connection failed, in words fit for a slate. */
  readonly onTrouble: (reason: string) => void;
}

/** A camera may have to be woken first. */
const firstFrameMs = 10_000;
/** The gateway has told why the camera fails, and paces itself how often the camera is tried. */
const askAgainMs = 200;
const minStallMs = 5000;

/** Reads until the signal aborts. Never rejects. */
export type ReadSource = (options: SourceOptions) => Promise<void>;

/** Reads the gateway's stream. */
export async function readSource(options: SourceOptions): Promise<void> {
  const { clock, signal } = options;
  const backoff = new Backoff({ firstMs: 250, maxMs: 5000 });
  const pace = new Pace();
  const limit = new RateLimit(options.maxFramesPerSecond);
  /** What the gateway has said about the camera since its last picture. */
  let told: string | undefined;
  while (!signal.aborted) {
    try {
      const stallMs = Math.max(minStallMs, 10 * pace.intervalMs);
      for await (const jpeg of openMjpeg(options.url, {
        signal,
        firstFrameMs,
        stallMs,
        headers: options.headers?.() ?? {},
      })) {
        backoff.reset();
        told = undefined;
        const arrivedMs = clock.monotonic();
        pace.count(arrivedMs);
        take(options, limit, jpeg, arrivedMs);
      }
    } catch (error) {
      if (signal.aborted) return;
      const answer = reasonTold(error);
      told = answer ?? told;
      const reason = isSilence(error) && told !== undefined ? told : inWords(error);
      options.onTrouble(reason);
      options.log.debug("the camera stream ended and is opened again", { reason, error });
      if (answer !== undefined) backoff.reset();
      await clock.wait(answer === undefined ? backoff.next() : askAgainMs, signal).catch(() => undefined);
    }
  }
}

function take(options: SourceOptions, limit: RateLimit, jpeg: Uint8Array, arrivedMs: number): void {
  const size = jpegSize(jpeg);
  if (size === undefined || !limit.take(arrivedMs)) options.onDropped();
  else options.onPicture({ jpeg, size, arrivedMs });
}

/** The gateway's own words about a camera that gives no picture; undefined of anything else. */
function reasonTold(error: unknown): string | undefined {
  return error instanceof MjpegError && error.status === 503 && error.isTold ? error.message : undefined;
}

function isSilence(error: unknown): boolean {
  return error instanceof MjpegError && error.reason === "stalled";
}

/** The bridge asks the gateway, so a failure of the connection says nothing about the camera itself. */
function inWords(error: unknown): string {
  if (!(error instanceof MjpegError)) return "the camera stream cannot be read";
  const told = reasonTold(error);
  if (told !== undefined) return told;
  if (error.reason === "unreachable") return "the gateway cannot be reached";
  if (error.reason === "refused" && error.status === 404) return "the gateway has no camera for this printer";
  if (error.reason === "refused" && error.status === 503) return "the printer's camera does not answer";
  if (error.reason === "refused") return `the gateway refused the camera stream (${error.status})`;
  return error.message;
}
