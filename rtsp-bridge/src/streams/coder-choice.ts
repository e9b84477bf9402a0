// Which encoder one camera's streams use: the one that was chosen for all, until it fails here; then
// x264 until the choice changes. Pure.

import { software, type Coder } from "../ffmpeg/coders.ts";

/** A device that is given up after this many ends that came early, or this many in all. */
const maxEarly = 2;
const maxEnds = 5;
const earlyMs = 10_000;
/** Ends further apart have nothing to do with each other. */
const forgetMs = 600_000;

export class CoderChoice {
  #chosen: Coder = software;
  #coder: Coder = software;
  #ends: { readonly atMs: number; readonly isEarly: boolean }[] = [];
  #fallbacks = 0;
  #trouble: string | null = null;

  get coder(): Coder {
    return this.#coder;
  }

  /** Times a device was given up. */
  get fallbacks(): number {
    return this.#fallbacks;
  }

  /** Why it is not the one that was chosen; null when it is. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Takes another choice into force; the same one changes nothing. */
  choose(coder: Coder): void {
    if (coder.kind === this.#chosen.kind && coder.device === this.#chosen.device) return;
    this.#chosen = coder;
    this.#coder = coder;
    this.#ends = [];
    this.#trouble = null;
  }

  /** An encoder of `coder` ended by itself at `nowMs`. Whether x264 takes over because of that. */
  ended(
    coder: Coder,
    exit: { readonly ranMs: number; readonly hung: boolean; readonly reason: string },
    nowMs: number,
  ): boolean {
    if (coder.kind === "x264" || coder !== this.#coder) return false;
    this.#ends = this.#ends.filter(({ atMs }) => nowMs - atMs < forgetMs);
    this.#ends.push({ atMs: nowMs, isEarly: exit.hung || exit.ranMs < earlyMs });
    const early = this.#ends.filter(({ isEarly }) => isEarly).length;
    if (early < maxEarly && this.#ends.length < maxEnds) return false;
    this.#coder = software;
    this.#fallbacks += 1;
    this.#trouble = `x264 encodes, because ${coder.kind} failed: ${exit.reason}`;
    return true;
  }
}
