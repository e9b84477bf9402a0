// One after the other: what is given here runs when everything before it is over.

export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs `task` in its turn and gives its result.
   * @throws the signal's reason when it aborts before its turn; what the task throws
   */
  async run<Result>(signal: AbortSignal, task: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(async () => {
      signal.throwIfAborted();
      return task();
    });
    this.#last = turn.catch(() => undefined); // its own caller hears of it
    return turn;
  }
}
