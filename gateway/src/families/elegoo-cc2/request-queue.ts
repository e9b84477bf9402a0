// Requests to the printer, one at a time: each waits for its answer, or for the end of its patience,
// before the next goes out. Older firmware stops answering for seconds when three come in a burst
// (seen on 01.03.02.51), and answers are paired by an id that only this client's topic makes unique.

import { randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../model/errors.ts";
import type { Fields, Message } from "./codec.ts";
import type { MethodName } from "./method-table.ts";

/** Least time between two requests. */
const spacingMs = 2000;
/** Quiet after a request that was not answered. */
const quietMs = 5000;

export type Answer = Extract<Message, { kind: "answer" }>;

/** Those asked by someone go before those that keep the state fresh. */
export type Urgency = "asked" | "poll";

export interface Request {
  readonly name: MethodName;
  readonly params: Fields;
  readonly urgency: Urgency;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Called when it goes out. */
  readonly onSent?: () => void;
}

interface Entry extends Request {
  urgency: Urgency;
  readonly answer: PromiseWithResolvers<Answer>;
  readonly onSentToo: (() => void)[];
  waiting: number;
  sent: boolean;
}

export interface RequestQueueOptions {
  readonly clock: Clock;
  readonly send: (name: MethodName, params: Fields, id: number) => void;
  readonly onAnswered: (name: MethodName) => void;
  readonly onSilence: (name: MethodName) => void;
}

export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #queued: Entry[] = [];
  #inFlight: { readonly id: number; readonly entry: Entry } | undefined;
  #nextId = randomInt(10_000, 100_000);
  #freeAtMs = Number.NEGATIVE_INFINITY;
  #wake = Promise.withResolvers<void>();
  #failure: PrinterError | undefined;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  /**
   * Queues a request and waits for its answer. The same request, when it has not gone out yet, is
   * sent once for all who ask.
   * @throws PrinterError `timeout` when it was sent and not answered within `deadlineMs`,
   *   `unreachable` when the session ends first; the signal's reason when it aborts. What was sent
   *   keeps its place until it is answered or its deadline passes.
   */
  async ask(request: Request): Promise<Answer> {
    request.signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const entry = this.#join(request);
    entry.waiting += 1;
    try {
      return await abortable(entry.answer.promise, request.signal);
    } finally {
      entry.waiting -= 1;
      if (entry.waiting === 0 && !entry.sent) this.#drop(entry);
    }
  }

  /** Whether a request of this name waits or is on its way. */
  has(name: MethodName): boolean {
    return this.#inFlight?.entry.name === name || this.#queued.some((entry) => entry.name === name);
  }

  /**
   * Hands an answer to whoever asked, and gives the name of what was asked. One that nobody waits
   * for, or of another method, is passed over.
   */
  settle(answer: Answer, methodOf: (name: MethodName) => number): MethodName | undefined {
    const pending = this.#inFlight;
    if (pending === undefined || pending.id !== answer.id) return undefined;
    const { name } = pending.entry;
    if (answer.method !== null && answer.method !== methodOf(name)) return undefined;
    pending.entry.answer.resolve(answer);
    return name;
  }

  /** Ends every wait with the reason of the session's end. */
  fail(error: PrinterError): void {
    this.#failure ??= error;
    this.#inFlight?.entry.answer.reject(error);
    for (const { answer } of this.#queued.splice(0)) answer.reject(error);
  }

  /** Sends what is queued, until the signal aborts. @throws its reason */
  async run(signal: AbortSignal): Promise<never> {
    const { clock } = this.#options;
    while (true) {
      const waitMs = this.#freeAtMs - clock.monotonic();
      if (waitMs > 0) await clock.wait(waitMs, signal);
      const entry = this.#take();
      if (entry === undefined) await abortable(this.#wake.promise, signal);
      else await this.#perform(entry, signal);
    }
  }

  async #perform(entry: Entry, signal: AbortSignal): Promise<void> {
    const { clock, send, onAnswered, onSilence } = this.#options;
    const id = this.#nextId++;
    entry.sent = true;
    this.#inFlight = { id, entry };
    this.#freeAtMs = clock.monotonic() + spacingMs;
    const settled = new AbortController();
    try {
      send(entry.name, entry.params, id);
      for (const tell of entry.onSentToo) tell();
      await Promise.race([entry.answer.promise, this.#deadline(entry, AbortSignal.any([signal, settled.signal]))]);
      onAnswered(entry.name);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PrinterError)) throw error;
      entry.answer.reject(error);
      if (error.code !== "timeout") return;
      this.#freeAtMs = clock.monotonic() + quietMs;
      onSilence(entry.name);
    } finally {
      settled.abort();
      this.#inFlight = undefined;
    }
  }

  /** @throws PrinterError `timeout` once the entry's patience is over; the signal's reason */
  async #deadline({ deadlineMs }: Entry, signal: AbortSignal): Promise<never> {
    await this.#options.clock.wait(deadlineMs, signal);
    throw new PrinterError("timeout", `the printer did not answer within ${deadlineMs} ms`);
  }

  #join(request: Request): Entry {
    const same = this.#queued.find(
      ({ name, params }) => name === request.name && isDeepStrictEqual(params, request.params),
    );
    const entry = same ?? {
      ...request,
      answer: Promise.withResolvers<Answer>(),
      onSentToo: [],
      waiting: 0,
      sent: false,
    };
    if (request.onSent !== undefined) entry.onSentToo.push(request.onSent);
    if (request.urgency === "asked") entry.urgency = "asked";
    if (same !== undefined) return entry;
    entry.answer.promise.catch(() => undefined); // those who wait hear of it
    this.#queued.push(entry);
    this.#wake.resolve();
    return entry;
  }

  #take(): Entry | undefined {
    const next = this.#queued.find(({ urgency }) => urgency === "asked") ?? this.#queued[0];
    if (next !== undefined) this.#drop(next);
    else this.#wake = Promise.withResolvers<void>();
    return next;
  }

  #drop(entry: Entry): void {
    const index = this.#queued.indexOf(entry);
    if (index !== -1) this.#queued.splice(index, 1);
  }
}

/** The promise, or the signal's reason when that aborts first. */
export async function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
