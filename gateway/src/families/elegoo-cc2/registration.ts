// Registration with the printer: without it requests go unanswered, and it is gone with the connection.

import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../model/errors.ts";
import { encodeRegistration, type Message, type Topics } from "./codec.ts";

const answerMs = 5000;
const attempts = 2;
/** Someone has to close another program first. */
const slotsFullRetryMs = 30_000;

export class Registration {
  readonly #clientId: string;
  #answer = Promise.withResolvers<string>();

  constructor(clientId: string) {
    this.#clientId = clientId;
  }

  /** Takes an answer; one that is for another client is passed over. */
  take({ clientId, error }: Extract<Message, { kind: "registration" }>): void {
    if (clientId === null || clientId === this.#clientId) this.#answer.resolve(error);
  }

  /**
   * Asks to be registered, twice at most.
   * @throws PrinterError `unreachable` with `retryAfterMs` when all slots are taken, `timeout` when
   *   nobody answers; the signal's reason when it aborts
   */
  async request(
    topics: Topics,
    publish: (topic: string, payload: string) => void,
    { clock, signal }: { clock: Clock; signal: AbortSignal },
  ): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      publish(topics.register, encodeRegistration(this.#clientId));
      const answered = new AbortController();
      const late = clock.wait(answerMs, AbortSignal.any([signal, answered.signal])).then(() => null);
      const error = await Promise.race([this.#answer.promise, late]);
      answered.abort();
      if (error === "ok") return;
      if (error !== null) throw refusedRegistration(error);
    }
    throw new PrinterError("timeout", "the printer took the connection but does not register this client");
  }
}

function refusedRegistration(error: string): PrinterError {
  const words = error.toLowerCase().includes("too many")
    ? "all connections of the printer are in use (about four): close a slicer, the phone app or another program that watches it"
    : `the printer refuses to register this client: ${error.slice(0, 100)}`;
  return new PrinterError("unreachable", words, { retryAfterMs: slotsFullRetryMs });
}
