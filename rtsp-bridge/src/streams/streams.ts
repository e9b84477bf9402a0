// The streams of the bridge: the contract between what MediaMTX reports (../mediamtx) and what
// is published to it (./stream.ts). The implementation is ./stream-set.ts.

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
}

/** Running totals of one stream since the bridge began, for /metrics. */
export interface StreamCounters {
  readonly framesIn: number;
  readonly framesDropped: number;
  readonly framesHeld: number;
  readonly framesOut: number;
  readonly bytesOut: number;
}

export interface StreamSet extends AsyncDisposable {
  /**
   * Starts, ends and keeps streams so that they match the plans. Equal plans are not touched. At
   * most `maxStreams` run at the same time: one more is `failed`, and says so, until one ends.
   */
  apply(plans: readonly StreamPlan[], maxStreams?: number): Promise<void>;
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
  list(): readonly StreamStatus[];
  counters(id: string): StreamCounters;
}
