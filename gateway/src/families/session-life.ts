// How long a session lives: the loops that run for it, the first failure of one or a disposal that ends
// it, and the signal that all its waits take. What is asked and told meanwhile is the session's.

import { PrinterError } from "../model/errors.ts";

export class SessionLife {
  /** Aborts when the session ends, or with the signal it was opened with. */
  readonly signal: AbortSignal;
  /** The first reason for the end. Never rejects. */
  readonly ended: Promise<PrinterError>;
  readonly #over = new AbortController();
  readonly #end = Promise.withResolvers<PrinterError>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #onEnd: (reason: PrinterError) => void;

  /** `onEnd` settles what waits for an answer, before the signal aborts. Idempotent. */
  constructor(signal: AbortSignal, onEnd: (reason: PrinterError) => void = () => undefined) {
    this.signal = AbortSignal.any([signal, this.#over.signal]);
    this.ended = this.#end.promise;
    this.#onEnd = onEnd;
  }

  /** Runs a task for the life of the session; its failure is the session's end. */
  run(task: () => Promise<void>): void {
    const running = task()
      .catch((error: unknown) => this.end(PrinterError.from(error)))
      .finally(() => this.#tasks.delete(running));
    this.#tasks.add(running);
  }

  end(reason: PrinterError): void {
    this.#end.resolve(reason);
    this.#onEnd(reason);
    this.#over.abort(reason);
  }

  /** Resolves when every task has come to its end. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#tasks);
  }
}
