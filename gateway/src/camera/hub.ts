// One camera, many viewers: the contract. The one implementation is ./broadcaster.ts.

/** Who looks, for the count of viewers. */
export type ViewerKind = "mjpeg" | "snapshot" | "rtsp";

export interface Frame {
  /** A whole JPEG, FF D8 … FF D9. Shared by all viewers: never written to. */
  readonly jpeg: Uint8Array;
  /** Monotonic time of arrival, ms (Clock.monotonic). */
  readonly arrivedMs: number;
  /** Counts the frames of this camera from 1. */
  readonly sequence: number;
}

export interface CameraStatistics {
  /** Frames and bytes taken from the printer's camera since start. */
  readonly frames: number;
  readonly bytes: number;
  /** Times the upstream connection was opened again after it had failed. */
  readonly restarts: number;
  /** Frames that viewers were too slow for. */
  readonly dropped: number;
  readonly viewers: Readonly<Record<ViewerKind, number>>;
  /** True while the upstream connection is open. */
  readonly open: boolean;
  /** Why there is no picture, in words; null while there is one, or nobody looks. */
  readonly reason: string | null;
}

export interface CameraHub {
  /**
   * Frames from now on, once the first is there: the newest one if it is young, else the next. To be iterated at
   * once. A slow consumer loses frames, never memory. Ends when the signal aborts or the camera is removed; a camera
   * that fails after the first frame is opened again behind the viewer's back, so the iteration just stays silent
   * meanwhile. One that fails before it is told of: who asks again right away opens it no sooner than it may be.
   * @throws PrinterError `unreachable` with the reason and the time to the next try, also when that is some seconds
   *   away; `aborted` when the signal did
   */
  watch(options: { kind: ViewerKind; signal: AbortSignal }): Promise<AsyncIterable<Frame>>;
  /**
   * The newest frame, at most `maxAgeMs` old; opens the camera and waits for one if need be.
   * @throws PrinterError `unreachable` with the reason when none came within `timeoutMs`,
   *   `aborted` when the signal did
   */
  snapshot(options: { maxAgeMs: number; timeoutMs: number; signal: AbortSignal }): Promise<Frame>;
  readonly statistics: CameraStatistics;
}
