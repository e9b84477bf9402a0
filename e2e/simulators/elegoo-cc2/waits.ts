// Who waits for the mechanics to come to something.

interface Wait {
  readonly judge: () => number | undefined;
  readonly tell: (code: number) => void;
}

export class Waits {
  readonly #waits = new Set<Wait>();

  /** @returns the first code that `judge` gives when asked. Never settles once everything is cleared. */
  async until(judge: () => number | undefined): Promise<number> {
    return new Promise((resolve) => {
      this.#waits.add({ judge, tell: resolve });
      this.ask();
    });
  }

  ask(): void {
    for (const wait of this.#waits) {
      const code = wait.judge();
      if (code === undefined) continue;
      this.#waits.delete(wait);
      wait.tell(code);
    }
  }

  clear(): void {
    this.#waits.clear();
  }
}
