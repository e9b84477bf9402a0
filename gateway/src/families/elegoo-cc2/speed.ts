// Which speed mode is shown, and when the one somebody asked for is sent again. Pure but for the
// times it is given. Firmware 01.03.02.51 falls back to balanced at every Canvas filament change;
// 02.01.00.00 tells the factor of the current move, flipping every second: the wire is no witness.

/** A wire value counts once it has stood this long. */
const stableMs = 6000;
/** After the end of a filament change. */
const reapplyAfterMs = 2000;

export class SpeedDisplay {
  #wire: number | null = null;
  #sinceMs = 0;
  #reapplyAtMs: number | undefined;

  /** Takes the mode of a report. */
  observe(mode: number | null, nowMs: number): void {
    if (mode === this.#wire) return;
    this.#wire = mode;
    this.#sinceMs = nowMs;
  }

  /** What to show: the mode that was asked for, else what the wire has told for long enough. */
  shown(pinned: number | null, nowMs: number): number | null {
    if (pinned !== null) return pinned;
    return nowMs - this.#sinceMs >= stableMs ? this.#wire : null;
  }

  /** A filament change ended and the job prints on. */
  changeEnded(nowMs: number): void {
    this.#reapplyAtMs = nowMs + reapplyAfterMs;
  }

  /** Forgets a sending that is due: the job is paused, changing again or over. */
  interrupt(): void {
    this.#reapplyAtMs = undefined;
  }

  /** True once, when the mode that was asked for is to be sent again. */
  isDue(nowMs: number): boolean {
    if (this.#reapplyAtMs === undefined || nowMs < this.#reapplyAtMs) return false;
    this.#reapplyAtMs = undefined;
    return true;
  }
}
