// Pure: the inventory in, one plan per stream out. Equal plans mean an untouched stream.

/** What one RTSP path shows and how. */
export interface StreamPlan {
  /** RTSP path and stream id: the printer's id. */
  readonly id: string;
  /** Written on the placeholder. */
  readonly name: string;
  /** The gateway's MJPEG stream of this camera. */
  readonly sourceUrl: string;
  /** Frames above this rate are dropped before they are decoded. */
  readonly maxFramesPerSecond: number;
}
