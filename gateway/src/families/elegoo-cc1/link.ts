// The wire of one session: requests out and their answers back, frames in, the keep-alive. It knows
// no meaning of any message and never reconnects.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { PrinterError } from "../../model/errors.ts";
import { decodeFrame, type Message } from "./codec.ts";
import type { Firmware } from "./firmware.ts";
import { encodeRequest, keepAlive, type RequestName, type RequestPayload } from "./request-table.ts";
import { PendingRequests, type Answer } from "./requests.ts";
import type { Transport } from "./transport.ts";

/** The daemon drops a socket that sent no application frame for 60 s. */
const keepAliveMs = 20_000;
/** Nothing at all came for two keep-alives: the link is dead. */
const silenceMs = 2 * keepAliveMs;
const answerMs = 15_000;

/** Frames that do not decode are told this far apart at first, doubling to the second. */
const firstRepeatMs = 60_000;
const lastRepeatMs = 3_600_000;

export interface LinkOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Who is talked to, as far as it is known now. */
  readonly peer: () => { readonly mainboardId: string; readonly firmware: Firmware };
  /** Takes every message but answers. What it throws ends `receive`. */
  readonly take: (message: Message) => void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #requests: PendingRequests;
  #heardMs: number;
  /** Frames that did not decode. */
  #undecodable = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  #repeatMs = firstRepeatMs;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#requests = new PendingRequests(options.clock);
    this.#heardMs = options.clock.monotonic();
  }

  /** Monotonic ms of the last frame. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /**
   * Sends a request and waits for its answer.
   * @throws PrinterError `timeout`, `unreachable`, `unsupported` by this firmware; the signal's reason
   */
  async ask<Name extends RequestName>(
    name: Name,
    payload: RequestPayload<Name>,
    { deadlineMs = answerMs, signal }: { readonly deadlineMs?: number; readonly signal: AbortSignal },
  ): Promise<Answer> {
    const { transport, clock, peer } = this.#options;
    const send = (requestId: string): void =>
      transport.send(encodeRequest(name, payload, { requestId, timestampMs: clock.now(), ...peer() }));
    return this.#requests.ask(send, deadlineMs, AbortSignal.any([signal, this.#options.signal]));
  }

  /** Sends a request whose effect is a push or nothing: its answer is not waited for. */
  post<Name extends RequestName>(name: Name, payload: RequestPayload<Name>): void {
    this.ask(name, payload, { signal: this.#options.signal }).catch((error: unknown) => {
      this.#options.log.debug("no answer", { request: name, error });
    });
  }

  /** Ends every wait for an answer. */
  fail(error: PrinterError): void {
    this.#requests.fail(error);
  }

  /**
   * Hands on what comes until the socket closes.
   * @throws PrinterError `unreachable`, `protocol`; what `take` throws
   */
  async receive(): Promise<never> {
    for await (const frame of this.#options.transport.frames) {
      this.#heardMs = this.#options.clock.monotonic();
      for (const message of this.#decode(frame)) {
        if (message.kind === "answer") this.#requests.settle(message);
        else this.#options.take(message);
      }
    }
    throw new PrinterError("unreachable", "the printer closed the connection");
  }

  /** @throws PrinterError `timeout` when the printer has gone silent */
  async keepAlive(): Promise<never> {
    const { clock, signal, transport } = this.#options;
    while (true) {
      await clock.wait(keepAliveMs, signal);
      if (clock.monotonic() - this.#heardMs >= silenceMs) {
        throw new PrinterError("timeout", "the printer went silent; its connection was given up");
      }
      transport.send(keepAlive);
    }
  }

  /** The printer's own bad frames are counted, told ever more rarely, and survived. */
  #decode(frame: string): Message[] {
    try {
      return decodeFrame(frame);
    } catch (error) {
      this.#undecodable += 1;
      if (this.#heardMs - this.#toldMs > this.#repeatMs) {
        const again = this.#toldMs !== Number.NEGATIVE_INFINITY;
        this.#repeatMs = again ? Math.min(2 * this.#repeatMs, lastRepeatMs) : firstRepeatMs;
        this.#toldMs = this.#heardMs;
        this.#options.log.warn("the printer sent a frame that does not decode", { error, count: this.#undecodable });
      }
      return [];
    }
  }
}
