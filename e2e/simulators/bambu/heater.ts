// A heated part as a first-order system: the distance to the target shrinks by the same share in
// equal times. Not a controller, and no clock of its own.

export class Heater {
  readonly #seconds: { readonly heating: number; readonly cooling: number };
  readonly #ambientCelsius: number;
  #actualCelsius: number;
  targetCelsius = 0;

  /** @param seconds - in which the distance shrinks to a third */
  constructor(ambientCelsius: number, seconds: { readonly heating: number; readonly cooling: number }) {
    this.#seconds = seconds;
    this.#ambientCelsius = ambientCelsius;
    this.#actualCelsius = ambientCelsius;
  }

  /** In steps of 1/32 degree, as the printer's sensors have it. */
  get actualCelsius(): number {
    return Math.round(this.#actualCelsius * 32) / 32;
  }

  get ready(): boolean {
    return this.targetCelsius === 0 || this.#actualCelsius >= this.targetCelsius - 1;
  }

  /** Whole degrees, target in the high half; a value up to 500 says that the heater is off. */
  get packed(): number {
    return Math.round(this.targetCelsius) * 0x10000 + Math.round(this.#actualCelsius);
  }

  advance(seconds: number): void {
    const goal = this.#goalCelsius;
    const { heating, cooling } = this.#seconds;
    const left = (this.#actualCelsius - goal) * Math.exp(-seconds / (goal > this.#actualCelsius ? heating : cooling));
    // Below what a sensor resolves it has arrived, so that a cold machine is still.
    this.#actualCelsius = Math.abs(left) < 0.05 ? goal : goal + left;
  }

  /** At once at the target, for scenarios that begin in the middle of a job. */
  settle(): void {
    this.#actualCelsius = this.#goalCelsius;
  }

  get #goalCelsius(): number {
    return Math.max(this.targetCelsius, this.#ambientCelsius);
  }
}
