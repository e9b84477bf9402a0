// A heated part as a first-order system: the distance to the target shrinks by the same share in
// equal times. Not a controller, and no clock of its own.

export interface HeaterTimes {
  /** Seconds in which the distance to the target shrinks to a third. */
  readonly heating: number;
  readonly cooling: number;
}

export class Heater {
  readonly #times: HeaterTimes;
  readonly #ambientCelsius: number;
  actualCelsius: number;
  targetCelsius = 0;

  constructor(ambientCelsius: number, times: HeaterTimes) {
    this.#times = times;
    this.#ambientCelsius = ambientCelsius;
    this.actualCelsius = ambientCelsius;
  }

  /** Within one degree of the target, or above it, or asked for nothing. */
  get ready(): boolean {
    return this.targetCelsius === 0 || this.actualCelsius >= this.targetCelsius - 1;
  }

  advance(seconds: number): void {
    const goal = this.#goalCelsius;
    const { heating, cooling } = this.#times;
    const left = (this.actualCelsius - goal) * Math.exp(-seconds / (goal > this.actualCelsius ? heating : cooling));
    // Below what a sensor resolves it has arrived, so that a cold machine is still.
    this.actualCelsius = Math.abs(left) < 0.05 ? goal : goal + left;
  }

  /** At once at the target, for scenarios that begin in the middle of a job. */
  settle(): void {
    this.actualCelsius = this.#goalCelsius;
  }

  get #goalCelsius(): number {
    return Math.max(this.targetCelsius, this.#ambientCelsius);
  }
}
