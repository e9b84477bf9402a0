// The stamps of one encoder's pictures, in whole milliseconds since its first one. Pure.

/** Far enough behind the picture that an encoder was primed with to be a second of its own. */
const afterPrimingMs = 1000;

export class Stamps {
  #lastMs: number | undefined;

  /** For an encoder that has already been given a picture with this stamp, or for a new one. */
  constructor(primedMs?: number) {
    this.#lastMs = primedMs;
  }

  /** Nothing has been stamped: the next picture is the encoder's first. */
  get isNew(): boolean {
    return this.#lastMs === undefined;
  }

  /** What the first `elapsedMs` must be. */
  get beginsAtMs(): number {
    return this.#lastMs === undefined ? 0 : this.#lastMs + afterPrimingMs;
  }

  /**
   * The stamp of a picture taken `elapsedMs` after the first: 0 for that, because ffmpeg counts from
   * the first it sees; then each above the one before.
   */
  next(elapsedMs: number): number {
    this.#lastMs = this.#lastMs === undefined ? 0 : Math.max(Math.round(elapsedMs), this.#lastMs + 1);
    return this.#lastMs;
  }
}
