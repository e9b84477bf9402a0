// A picture that stands still needs no encoder: two key pictures of it that came out one after the
// other are shown in turns for as long as it stands. Two, because H.264 tells a key picture from the
// one before by an id that must differ, and x264 uses two of them.

import type { AccessUnit } from "../ffmpeg/flv.ts";

export class Still {
  #jpeg: Uint8Array | undefined;
  /** The older of the two, then the one that the encoder goes on from. */
  #units: readonly AccessUnit[] = [];
  /** The older one was shown last. */
  #isOlderShown = false;

  /** This came out of the encoder for `jpeg`. */
  came(jpeg: Uint8Array, unit: AccessUnit): void {
    const before = jpeg === this.#jpeg ? this.#units.slice(-1) : [];
    this.#jpeg = jpeg;
    this.#units = unit.key ? [...before, unit] : [];
    this.#isOlderShown = false;
  }

  /** One of the two to show `jpeg` once more; undefined while only the encoder can. */
  again(jpeg: Uint8Array): AccessUnit | undefined {
    if (jpeg !== this.#jpeg || this.#units.length < 2) return undefined;
    this.#isOlderShown = !this.#isOlderShown;
    return this.#units[this.#isOlderShown ? 0 : 1];
  }

  /**
   * Whether the encoder's next key picture would have the id of the one shown last. Told once: it is
   * then to be thrown away for the one after it.
   */
  takesNextId(): boolean {
    const isTaken = this.#isOlderShown;
    this.#isOlderShown = false;
    return isTaken;
  }
}
