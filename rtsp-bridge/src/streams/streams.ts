// The streams of the bridge: the contract between what MediaMTX reports (../mediamtx) and what
// is published to it (./camera.ts). The implementation is ./stream-set.ts.

import type { Coder, CoderKind } from "../ffmpeg/coders.ts";
import type { StreamPlan } from "../plan.ts";

/**
 * idle: nobody watches, nothing runs. starting: demanded, no picture published yet. live: pictures
 * arrive. holding: the camera went silent, its last picture is repeated. placeholder: a slate says
 * that there is no picture. draining: unwatched, ending. failed: the encoder cannot be kept alive, or
 * too many streams run already.
 */
export const streamStates = ["idle", "starting", "live", "holding", "placeholder", "draining", "failed"] as const;
export type StreamState = (typeof streamStates)[number];

/** One item of `GET /api/v1/streams`. */
export interface StreamStatus {
  readonly id: string;
  readonly state: StreamState;
  /** Why it is not live, in words; null when there is nothing to say. */
  readonly reason: string | null;
  readonly viewers: number;
  /** Where the pictures come from. */
  readonly source: string;
  /** Size of the encoded picture; null before the first. */
  readonly width: number | null;
  readonly height: number | null;
  /** Measured over the last seconds; null while idle. */
  readonly framesPerSecond: number | null;
  readonly bitsPerSecond: number | null;
  /** From demand to the first published picture, last time; null before the first. */
  readonly startSeconds: number | null;
  /** Times the encoder was started again after it had died or hung. */
  readonly restarts: number;
  /** What encodes it, or would; null where nothing is encoded. */
  readonly encoder: CoderKind | null;
}

/** Running totals of one stream since the bridge began, for /metrics. */
export interface StreamCounters {
  readonly framesIn: number;
  readonly framesDropped: number;
  readonly framesHeld: number;
  readonly framesOut: number;
  readonly bytesOut: number;
  /** Times an encoding device was given up for x264. */
  readonly encoderFallbacks: number;
  /** Times viewers were refused because as many streams ran as may. */
  readonly refusals: number;
}

export interface ApplyOptions {
  /** The most cameras that are encoded at the same time. Default: any number. */
  readonly maxStreams?: number;
  /** Default: x264. */
  readonly coder?: Coder;
}

export interface StreamSet extends AsyncDisposable {
  /**
   * Starts, ends and keeps streams so that they match the plans. Equal plans are not touched. With
   * `maxStreams` cameras running, one more is `failed`, and says so, until one ends, or until a minute after
   * nobody wants it any more.
   */
  apply(plans: readonly StreamPlan[], options?: ApplyOptions): Promise<void>;
  /** Somebody waits for this path: publish now. Idempotent. */
  demanded(id: string): void;
  /** Nobody watches any more: stop now. Idempotent. */
  released(id: string): void;
  /** One more viewer is attached: give it a key frame at once. */
  viewerJoined(id: string): void;
  /** Number of viewers as MediaMTX counts them. */
  viewers(id: string, count: number): void;
  /**
   * MediaMTX went away (false) or is back (true): while it is away no encoder runs; on its return
   * streams that are still demanded are published again.
   */
  serverAvailable(available: boolean): void;
  /** Calls back each time that a path which is demanded may not run beside the others: nobody need wait for it. */
  onRefused(listener: (id: string) => void): Disposable;
  list(): readonly StreamStatus[];
  counters(id: string): StreamCounters;
  /** JPEG pictures of a stream whose camera sends video; undefined for a path that is not there. */
  frames(id: string): PictureFeed | undefined;
}

/** Who looks at pictures. Both may be called before `view` returns. */
export interface PictureViewer {
  /** A whole JPEG, shared by all viewers: never written to. */
  readonly picture: (jpeg: Uint8Array) => void;
  /** There is no picture, in words; one may come later all the same. */
  readonly trouble: (reason: string) => void;
}

/** Where pictures come from. */
export interface PictureFeed {
  /** Wants pictures from now on; dispose of what it gives when no more are wanted. */
  view(viewer: PictureViewer): Disposable;
}
