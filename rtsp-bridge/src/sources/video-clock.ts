// When each picture of a camera was taken, on this machine's monotonic clock: the camera's own stamps, held
// close to the arrivals. Pure. Some firmware stamps every picture alike (Bambu P2S), and every camera's
// clock drifts, or starts anew with its session.

const ticksPerMs = 90;
/** Further apart than this the camera's clock is not believed. */
const maxApartMs = 1000;
/** Part of the difference that each picture takes back. */
const followRatio = 0.005;

export class VideoClock {
  #stamp: number | undefined;
  #takenMs = 0;
  #newestMs = Number.NEGATIVE_INFINITY;

  /** Monotonic ms for a picture with an RTP stamp (90 kHz, 32 bits) that arrived at `arrivedMs`. */
  take(stamp: number, arrivedMs: number): number {
    const stepMs = this.#stamp === undefined ? 0 : ((stamp - this.#stamp) | 0) / ticksPerMs;
    const frozen = stepMs === 0;
    this.#stamp = stamp;
    const apartMs = arrivedMs - (this.#takenMs + stepMs);
    const anew = frozen || Math.abs(apartMs) > maxApartMs;
    // A clock that starts anew never goes back: viewers drop what does.
    this.#takenMs = anew ? Math.max(arrivedMs, this.#newestMs + 1) : this.#takenMs + stepMs + apartMs * followRatio;
    this.#newestMs = Math.max(this.#newestMs, this.#takenMs);
    return this.#takenMs;
  }

  /** A new session of the same camera: its stamps begin anywhere. */
  restart(): void {
    this.#stamp = undefined;
  }
}
