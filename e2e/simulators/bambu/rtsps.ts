// The camera of X1 and H2: H.264 by RTSP in TLS.

import type { FrameSource } from "../picture/frame-source.ts";
import type { ServiceOptions } from "./service.ts";

export interface RtspsKnobs {
  /** "LAN Only Liveview"; off, the port takes connections and closes them at once. */
  enabled: boolean;
  /** Plays are cut so long after their start, ms. */
  dropAfterMs: number | undefined;
  /** Streams stay open and nothing comes. */
  stalled: boolean;
  /** The RTP clock stands still, as on the P2S. */
  frozenClock: boolean;
}

export class RtspsCamera implements AsyncDisposable {
  declare readonly knobs: RtspsKnobs;
  declare readonly counters: {
    viewers: { current: number; peak: number; total: number };
    wrongLogins: number;
    dropped: number;
    /** Encoders that run. */
    encoders: number;
  };
  /** Does not listen yet. `source` should make 1280x720 at 15 fps; it is asked only while somebody watches. */
  constructor(options: ServiceOptions & { readonly source: FrameSource }) {
    throw new Error(`not built yet ${String(options)}`);
  }
  get port(): number {
    return 0;
  }
  /** Listens; after `close` on the same port again. @throws the listening error */
  async open(): Promise<void> {}
  async close(_how: "reset" | "end"): Promise<void> {}
  /** Ends the sessions that run. Call it after `knobs.enabled = false` too. */
  drop(): void {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
