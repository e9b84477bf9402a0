// Request and answer paired by id, in one place, with deadline and abort; cleared on close.

import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../model/errors.ts";
import type { Message } from "./codec.ts";

export type Settled = Extract<Message, { kind: "answer" | "refusal" }>;

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** Longest wait for the answer, ms. */
  readonly deadlineMs?: number;
}

export class PendingRequests {
  readonly #pending = new Map<number, PromiseWithResolvers<Settled>>();
  readonly #clock: Clock;
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls `send` with a new id and waits for what repeats it.
   * @throws PrinterError `timeout` after `deadlineMs`; the error of `fail`; the signal's reason
   */
  async ask(send: (id: number) => void, deadlineMs: number, signal: AbortSignal): Promise<Settled> {
    signal.throwIfAborted();
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = Promise.withResolvers<Settled>();
    const settled = new AbortController();
    this.#pending.set(id, answer);
    try {
      send(id);
      const timeout = this.#clock
        .wait(deadlineMs, AbortSignal.any([signal, settled.signal]))
        .then(() => Promise.reject(new PrinterError("timeout", `Moonraker did not answer within ${deadlineMs} ms`)));
      return await Promise.race([answer.promise, timeout]);
    } finally {
      settled.abort();
      this.#pending.delete(id);
    }
  }

  /** Hands an answer to whoever asked. One that nobody waits for is passed over. */
  settle(message: Settled): void {
    this.#pending.get(message.id)?.resolve(message);
  }

  /** Ends every wait with the reason of the session's end. */
  fail(error: PrinterError): void {
    for (const { reject } of this.#pending.values()) reject(error);
  }
}
