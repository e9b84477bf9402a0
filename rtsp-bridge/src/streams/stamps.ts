// The stamps of one encoder's pictures, which also steer it: an even number of milliseconds is a
// picture like any other, an odd one asks for a key picture (../ffmpeg/args.ts). Pure.

export interface Stamp {
  /** Milliseconds since the encoder's first picture. */
  readonly stampMs: number;
  readonly key: boolean;
}

/** Readers cut and join at key pictures and expect one a second: the picture nearest to it is the one. */
const keyEveryMs = 1000;
const maxEarlyMs = 100;

export class Stamps {
  #last: Stamp | undefined;
  #lastKeyMs: number;

  /** For an encoder that has already been given a picture with this stamp, or for a new one. */
  constructor(primedMs?: number) {
    this.#last = primedMs === undefined ? undefined : { stampMs: primedMs, key: true };
    this.#lastKeyMs = primedMs ?? 0;
  }

  /** What the first `elapsedMs` must be for a picture that readers can begin with. */
  get beginsAtMs(): number {
    return this.#last === undefined ? 0 : this.#last.stampMs + keyEveryMs;
  }

  /**
   * The stamp of a picture taken `elapsedMs` after the encoder's first. That is 0, because ffmpeg
   * counts from the first it sees; each is at least 2 ms above the one before, so that ffmpeg's
   * rounding never changes which are odd.
   */
  next(elapsedMs: number, wantKey: boolean): Stamp {
    this.#last = this.#last === undefined ? { stampMs: 0, key: true } : this.#after(this.#last, elapsedMs, wantKey);
    if (this.#last.key) this.#lastKeyMs = this.#last.stampMs;
    return this.#last;
  }

  #after(last: Stamp, elapsedMs: number, wantKey: boolean): Stamp {
    const least = Math.max(Math.round(elapsedMs), last.stampMs + 2);
    const earlyMs = Math.min((least - last.stampMs) / 2, maxEarlyMs);
    const key = wantKey || least - this.#lastKeyMs + earlyMs >= keyEveryMs;
    return { stampMs: (least % 2 === 1) === key ? least : least + 1, key };
  }
}
