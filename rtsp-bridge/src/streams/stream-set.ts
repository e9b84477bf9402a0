// All streams of the bridge, by path. It is not the life of one path: that is ./stream.ts.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { StreamCounters, StreamSet, StreamStatus } from "./streams.ts";
import type { StreamPlan } from "../plan.ts";

export interface StreamSetOptions {
  /** `rtsp://[USER:PASS@]HOST:PORT` of MediaMTX; a stream's id is its path there. */
  readonly rtspUrl: string;
  /** The ffmpeg to run: a name on PATH or a file. */
  readonly ffmpegPath: string;
  /** Holds `streams.json`, the last known picture sizes. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Streams that are all idle until `apply` and `demanded`. */
export function createStreamSet(_options: StreamSetOptions): StreamSet {
  let plans: readonly StreamPlan[] = [];
  return {
    apply: async (next) => {
      plans = next;
    },
    demanded: () => undefined,
    released: () => undefined,
    viewerJoined: () => undefined,
    viewers: () => undefined,
    serverAvailable: () => undefined,
    list: () => plans.map((plan) => idle(plan)),
    counters: () => nothingCounted,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const nothingCounted: StreamCounters = { framesIn: 0, framesDropped: 0, framesHeld: 0, framesOut: 0, bytesOut: 0 };

function idle(plan: StreamPlan): StreamStatus {
  return {
    id: plan.id,
    state: "idle",
    reason: null,
    viewers: 0,
    source: plan.sourceUrl,
    width: null,
    height: null,
    framesPerSecond: null,
    bitsPerSecond: null,
    startSeconds: null,
    restarts: 0,
  };
}
