// What keeps the machine busy and is no job: booting, homing, rendering, levelling. One after another,
// in wall seconds.

export interface Occupation {
  /** `machine_status.status` and `sub_status` */
  readonly status: number;
  readonly code: number;
  readonly seconds: number;
}

export class Occupations {
  #list: readonly Occupation[] = [];
  #afterwards: () => void = () => {};

  /** What goes on now. */
  get current(): Occupation | undefined {
    return this.#list[0];
  }

  /** In place of what there was; `afterwards` is called when all is done. */
  begin(list: readonly Occupation[], afterwards: () => void): void {
    this.#list = list;
    this.#afterwards = afterwards;
  }

  /** Ends all of it; nothing is called. */
  clear(): void {
    this.#list = [];
  }

  /** `changed` is called after each that ends. */
  advance(seconds: number, changed: () => void): void {
    let left = seconds;
    while (this.#list.length > 0 && left > 0) {
      const [now, ...later] = this.#list as [Occupation, ...Occupation[]];
      const spent = Math.min(left, now.seconds);
      left -= spent;
      if (spent < now.seconds) {
        this.#list = [{ ...now, seconds: now.seconds - spent }, ...later];
        continue;
      }
      this.#list = later;
      if (later.length === 0) this.#afterwards();
      changed();
    }
  }
}
