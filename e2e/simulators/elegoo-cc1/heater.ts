// A heated part: moves to its target at a steady rate. Not a controller, and no clock of its own.

export interface HeaterRates {
  /** Celsius per second. */
  readonly up: number;
  readonly down: number;
}

export class Heater {
  readonly #rates: HeaterRates;
  readonly #ambientCelsius: number;
  actualCelsius: number;
  targetCelsius = 0;

  constructor(ambientCelsius: number, rates: HeaterRates) {
    this.#rates = rates;
    this.#ambientCelsius = ambientCelsius;
    this.actualCelsius = ambientCelsius;
  }

  /** Within one degree of the target, or asked for nothing. */
  get ready(): boolean {
    return this.targetCelsius === 0 || this.actualCelsius >= this.targetCelsius - 1;
  }

  advance(seconds: number): void {
    const goal = Math.max(this.targetCelsius, this.#ambientCelsius);
    const step = seconds * (goal > this.actualCelsius ? this.#rates.up : -this.#rates.down);
    this.actualCelsius = Math.abs(goal - this.actualCelsius) <= Math.abs(step) ? goal : this.actualCelsius + step;
  }

  /** At once at the target, for scenarios that begin in the middle of a job. */
  settle(): void {
    this.actualCelsius = Math.max(this.targetCelsius, this.#ambientCelsius);
  }
}
