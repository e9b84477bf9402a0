// What a simulator was sent, in order, for tests to read. Bounded: the oldest entries go first.

export interface JournalItem {
  readonly number: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Where it came in: discovery, websocket, http, camera, admin. */
  readonly channel: string;
  readonly [detail: string]: unknown;
}

const capacity = 10_000;

export class Journal {
  #items: JournalItem[] = [];
  #number = 0;

  add(channel: string, details: Readonly<Record<string, unknown>>): void {
    this.#number += 1;
    this.#items.push({ number: this.#number, at: new Date().toISOString(), channel, ...details });
    // Trimmed by halves, so that a long run does not move the whole list for each entry.
    if (this.#items.length > capacity) this.#items = this.#items.slice(-capacity / 2);
  }

  /** Entries after number `after`, oldest first. */
  items(after = 0): readonly JournalItem[] {
    return this.#items.filter((item) => item.number > after);
  }
}
