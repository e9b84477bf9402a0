// The camera of P1 and A1: JPEGs over TLS.

import type { FrameSource } from "../picture/frame-source.ts";
import type { ServiceOptions } from "./service.ts";

export interface JpegCameraKnobs {
  /** What a second viewer does to the first: takes its place, or waits in vain. */
  secondViewer: "displaces" | "starves";
  /** Connections stay open and bring no frame. */
  stalled: boolean;
}

export class JpegCamera implements AsyncDisposable {
  declare readonly knobs: JpegCameraKnobs;
  declare readonly counters: {
    viewers: { current: number; peak: number; total: number };
    wrongLogins: number;
    displaced: number;
    starved: number;
    frames: number;
  };
  /** Does not listen yet. Frames are sent as `source` makes them: 1280x720, 1 a second. */
  constructor(options: ServiceOptions & { readonly source: FrameSource }) {
    throw new Error(`not built yet ${String(options)}`);
  }
  get port(): number {
    return 0;
  }
  /** Listens; after `close` on the same port again. @throws the listening error */
  async open(): Promise<void> {}
  async close(_how: "reset" | "end"): Promise<void> {}
  /** Ends the streams that run. */
  drop(): void {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
