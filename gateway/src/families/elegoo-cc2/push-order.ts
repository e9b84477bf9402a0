// The order of pushes: which have been seen, and when so many are missing that the whole status is
// wanted. The printer sends each push on two topics, and counts on by one or begins again at 0.

import { createHash } from "node:crypto";

/** The vendor's SDK asks for the whole status after this many gaps in a row. */
const gapsUntilWanted = 5;
/** The same push comes again within so many. */
const remembered = 16;

export class PushOrder {
  #last: number | null = null;
  #gaps = 0;
  readonly #recent: string[] = [];

  /** `repeated`: taken before. `gaps`: to be taken, but so many were missed that the whole status is wanted. */
  judge(sequence: number | null, payload: Uint8Array): "new" | "repeated" | "gaps" {
    // Without a number the same bytes may well be news: a value that went there and back.
    if (sequence === null) return "new";
    const digest = createHash("sha1").update(payload).digest("base64");
    if (this.#recent.includes(digest)) return "repeated";
    this.#recent.push(digest);
    if (this.#recent.length > remembered) this.#recent.shift();
    const follows = this.#last === null || sequence === this.#last + 1 || sequence === 0;
    this.#last = sequence;
    this.#gaps = follows ? 0 : this.#gaps + 1;
    if (this.#gaps < gapsUntilWanted) return "new";
    this.#gaps = 0;
    return "gaps";
  }
}
