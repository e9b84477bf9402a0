// One session with one Centauri Carbon: handshake, keep-alive, status polling, command handlers.
// It never reconnects. The rules and their numbers are those of ./README.md.

import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers } from "../../model/commands.ts";
import { unknownReadings, type Readings } from "../../model/printer.ts";
import type { ConnectOptions, Session } from "../family.ts";
import { capabilities } from "./capabilities.ts";
import { decodeFrame, encodeRequest, keepAlive, type Fields, type Message, type RequestName } from "./codec.ts";
import type { RequestPayload } from "./codec.ts";
import { createHandlers } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { probeHost } from "./discovery.ts";
import { PendingRequests, type Answer } from "./requests.ts";
import { isOccupied, readIdentity, readStatus } from "./state.ts";
import { openTransport, type Transport } from "./transport.ts";

/** The daemon drops a socket that sent no application frame for 60 s. */
const keepAliveMs = 20_000;
/** Nothing at all came for two keep-alives: the link is dead. */
const silenceMs = 2 * keepAliveMs;
/** Wished period of status pushes; some firmware ignores it, hence the polling. */
const pushEveryMs = 5000;
/** Ask for the status when none came for this long. */
const pollActiveMs = 3000;
const pollIdleMs = 5000;
const handshakeMs = 15_000;
export const answerMs = 15_000;

/** Log at most one undecodable frame in this time. */
const protocolLogEveryMs = 60_000;

/**
 * Opens the one socket and reads the first status.
 * @throws PrinterError `unreachable`, `timeout`, `printer_refused` when another printer answers
 *   there; the signal's reason when it aborts. Everything opened is closed by then.
 */
export async function connect(options: ConnectOptions<Connection>): Promise<CentauriSession> {
  const { host, port } = options.connection;
  const transport = await openTransport(host, port, options.signal);
  const session = new CentauriSession(options, transport);
  try {
    await session.begin();
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

export class CentauriSession implements Session {
  readonly handlers: CommandHandlers;
  readonly ended: Promise<PrinterError>;
  readonly #options: ConnectOptions<Connection>;
  readonly #transport: Transport;
  readonly #requests: PendingRequests;
  readonly #life = new AbortController();
  readonly #signal: AbortSignal;
  readonly #end = Promise.withResolvers<PrinterError>();
  readonly #firstStatus = Promise.withResolvers<void>();
  readonly #tasks: Promise<void>[] = [];
  #mainboardId: string;
  #status: Fields | undefined;
  #readings: Readings = unknownReadings;
  #heardMs: number;
  #statusMs: number;
  #protocolLoggedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ConnectOptions<Connection>, transport: Transport) {
    this.#options = options;
    this.#transport = transport;
    this.#requests = new PendingRequests(options.clock);
    this.#signal = AbortSignal.any([options.signal, this.#life.signal]);
    this.#mainboardId = options.connection.mainboard_id ?? "";
    this.#heardMs = options.clock.monotonic();
    this.#statusMs = this.#heardMs;
    this.ended = this.#end.promise;
    this.#firstStatus.promise.catch(() => undefined);
    this.handlers = createHandlers(this);
  }

  /** Handshake: attributes and status are asked for, never waited for unasked; then the subscription. */
  async begin(): Promise<void> {
    this.#run(async () => this.#receive());
    if (this.#mainboardId === "") this.#run(async () => this.#discover());
    this.#post("refreshAttributes", {});
    this.#post("refreshStatus", {});
    await Promise.race([this.#firstStatus.promise, this.#handshakeLimit()]);
    this.#post("subscribe", { TimePeriod: pushEveryMs });
    this.#run(async () => this.#keepAlive());
    this.#run(async () => this.#poll());
  }

  /** True while a job, a transfer or a file check goes on, by the printer's last status. */
  get occupied(): boolean {
    return this.#status === undefined || isOccupied(this.#status);
  }

  get readings(): Readings {
    return this.#readings;
  }

  /**
   * Sends a request and waits for its answer.
   * @throws PrinterError `timeout`, `unreachable`; the signal's reason
   */
  async ask<Name extends RequestName>(
    name: Name,
    payload: RequestPayload<Name>,
    { deadlineMs = answerMs, signal }: { deadlineMs?: number; signal: AbortSignal },
  ): Promise<Answer> {
    const send = (requestId: string): void => this.#send(name, payload, requestId);
    return this.#requests.ask(send, deadlineMs, AbortSignal.any([signal, this.#signal]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish(new PrinterError("aborted", "the session was ended"));
    await this.#transport.close();
    await Promise.allSettled(this.#tasks);
  }

  /** Runs a loop for the life of the session; its failure is the session's end. */
  #run(task: () => Promise<void>): void {
    this.#tasks.push(task().catch((error: unknown) => this.#finish(PrinterError.from(error))));
  }

  #finish(error: PrinterError): void {
    this.#end.resolve(error);
    this.#firstStatus.reject(error);
    this.#requests.fail(error);
    this.#life.abort(error);
  }

  async #handshakeLimit(): Promise<void> {
    await this.#options.clock.wait(handshakeMs, this.#signal);
    if (this.#status !== undefined) return;
    throw new PrinterError("timeout", "the printer took the connection but tells no status; switch it off and on");
  }

  #send<Name extends RequestName>(name: Name, payload: RequestPayload<Name>, requestId: string): void {
    const timestampMs = this.#options.clock.now();
    this.#transport.send(encodeRequest(name, payload, { requestId, mainboardId: this.#mainboardId, timestampMs }));
  }

  /** Sends a request whose effect is a push or nothing: its answer is not waited for. */
  #post<Name extends RequestName>(name: Name, payload: RequestPayload<Name>): void {
    this.ask(name, payload, { signal: this.#signal }).catch((error: unknown) => {
      this.#options.log.debug("no answer", { request: name, error });
    });
  }

  async #receive(): Promise<void> {
    for await (const frame of this.#transport.frames) {
      this.#heardMs = this.#options.clock.monotonic();
      for (const message of this.#decode(frame)) this.#take(message);
    }
    throw new PrinterError("unreachable", "the printer closed the connection");
  }

  /** The printer's own bad frames are counted in the log and survived. */
  #decode(frame: string): Message[] {
    try {
      return decodeFrame(frame);
    } catch (error) {
      if (this.#heardMs - this.#protocolLoggedMs > protocolLogEveryMs) {
        this.#protocolLoggedMs = this.#heardMs;
        this.#options.log.warn("the printer sent a frame that does not decode", { error });
      }
      return [];
    }
  }

  #take(message: Message): void {
    switch (message.kind) {
      case "answer":
        return this.#requests.settle(message);
      case "status":
        return this.#takeStatus(message.status, message.mainboardId);
      case "attributes":
        return this.#takeAttributes(message.attributes);
      case "error":
        return this.#options.log.warn("the printer reports a file error", { code: message.code });
      case "pong":
      case "other":
        return undefined;
    }
  }

  #takeStatus(status: Fields, mainboardId: string | null): void {
    if (this.#mainboardId === "" && mainboardId !== null) this.#mainboardId = mainboardId;
    this.#status = status;
    this.#statusMs = this.#heardMs;
    this.#readings = readStatus(status);
    this.#options.report(this.#readings);
    this.#firstStatus.resolve();
  }

  #takeAttributes(attributes: Fields): void {
    const identity = readIdentity(attributes);
    const expected = this.#options.connection.mainboard_id;
    if (expected !== undefined && identity.serial !== null && identity.serial !== expected) {
      const words = `another printer answers at this address: its mainboard id is ${identity.serial}, not ${expected}`;
      throw new PrinterError("printer_refused", words);
    }
    this.#mainboardId = identity.serial ?? this.#mainboardId;
    this.#options.identify(identity, capabilities);
  }

  async #discover(): Promise<void> {
    const found = await probeHost(this.#options.connection.host, this.#signal);
    if (this.#mainboardId === "" && found?.mainboardId != null) this.#mainboardId = found.mainboardId;
  }

  async #keepAlive(): Promise<void> {
    const { clock } = this.#options;
    while (true) {
      await clock.wait(keepAliveMs, this.#signal);
      if (clock.monotonic() - this.#heardMs >= silenceMs) {
        throw new PrinterError("timeout", "the printer went silent; its connection was given up");
      }
      this.#transport.send(keepAlive);
    }
  }

  /** Pushes die on some firmware and never come in some states: ask when none came in time. */
  async #poll(): Promise<void> {
    const { clock } = this.#options;
    while (true) {
      const everyMs = this.#readings.job === null ? pollIdleMs : pollActiveMs;
      const dueMs = this.#statusMs + everyMs - clock.monotonic();
      if (dueMs > 0) await clock.wait(dueMs, this.#signal);
      else {
        this.#post("refreshStatus", {});
        await clock.wait(everyMs, this.#signal);
      }
    }
  }
}
