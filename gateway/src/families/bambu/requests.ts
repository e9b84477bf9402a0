// Requests that wait for the printer's reply, paired by type, command and number. It sends nothing.

import type { Clock } from "@gantry/platform/clock";
import type { Message } from "./codec.ts";
import { readReply } from "./codec.ts";
import type { Reply } from "./printer-link.ts";

/** The range that the vendor's slicer uses. */
const sequence = { first: 20_000, last: 29_999 };

interface Waiting {
  readonly key: string;
  readonly settle: (reply: Reply | undefined) => void;
}

export class Requests {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  #next = sequence.first;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The number of the next request. */
  number(): string {
    const id = String(this.#next);
    this.#next = this.#next === sequence.last ? sequence.first : this.#next + 1;
    return id;
  }

  /**
   * The reply to this request; undefined when none came in time, or the session ended.
   * @param signal the caller's; its reason is thrown
   */
  async reply(
    type: string,
    command: string,
    id: string,
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<Reply | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply | undefined>();
    const key = keyOf(type, command, id);
    const over = new AbortController();
    const abort = (): void => reject(signal.reason);
    this.#waiting.set(key, { key, settle: resolve });
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    this.#clock.wait(timeoutMs, over.signal).then(
      () => resolve(undefined),
      () => undefined, // the reply was first
    );
    try {
      return await promise;
    } finally {
      over.abort();
      signal.removeEventListener("abort", abort);
      this.#waiting.delete(key);
    }
  }

  /** Takes a message; true when it was waited for. */
  take({ type, command, sequence: id, body }: Message): boolean {
    const waiting = this.#waiting.get(keyOf(type, command, id));
    waiting?.settle(readReply(body));
    return waiting !== undefined;
  }

  /** No more replies will come. */
  end(): void {
    for (const { settle } of this.#waiting.values()) settle(undefined);
  }
}

function keyOf(type: string, command: string, id: string): string {
  return `${type}.${command}.${id}`;
}
