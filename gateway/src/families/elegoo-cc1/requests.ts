// Request and answer paired by id, in one place, with deadline and abort; cleared on close.

import { randomBytes } from "node:crypto";
import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../model/errors.ts";
import type { Message } from "./codec.ts";

export type Answer = Extract<Message, { kind: "answer" }>;

/** 32 hex digits: some proxies in front of a printer demand at least 20 characters. */
function newRequestId(): string {
  return randomBytes(16).toString("hex");
}

export class PendingRequests {
  readonly #pending = new Map<string, PromiseWithResolvers<Answer>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls `send` with a new id and waits for the answer that repeats it.
   * @throws PrinterError `timeout` after `deadlineMs`, `unreachable` when the session ends first;
   *   the signal's reason when it aborts
   */
  async ask(send: (requestId: string) => void, deadlineMs: number, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const requestId = newRequestId();
    const answer = Promise.withResolvers<Answer>();
    const settled = new AbortController();
    this.#pending.set(requestId, answer);
    try {
      send(requestId);
      const timeout = this.#clock
        .wait(deadlineMs, AbortSignal.any([signal, settled.signal]))
        .then(() => Promise.reject(new PrinterError("timeout", `no answer from the printer within ${deadlineMs} ms`)));
      return await Promise.race([answer.promise, timeout]);
    } finally {
      settled.abort();
      this.#pending.delete(requestId);
    }
  }

  /** Hands an answer to whoever asked. An answer nobody waits for is passed over. */
  settle(answer: Answer): void {
    this.#pending.get(answer.requestId)?.resolve(answer);
  }

  /** Ends every wait with the reason of the session's end. */
  fail(error: PrinterError): void {
    for (const { reject } of this.#pending.values()) reject(error);
  }
}
