// One session with one Moonraker and the Klipper behind it: first status, subscription, deltas,
// heartbeat. It lives as long as Moonraker answers: a Klipper that is down, starting or shut down
// is told in the state, and watched until it is back. It never reconnects.

import type { CommandHandlers } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { unknownReadings, type Readings } from "../../model/printer.ts";
import { begun } from "../begun.ts";
import type { ConnectOptions, Session } from "../family.ts";
import { SessionLife } from "../session-life.ts";
import { decodeFrame, encodeRequest, type Fields, type Message } from "./codec.ts";
import { createHandlers } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { Machine } from "./machine.ts";
import { refused } from "./refusals.ts";
import { PendingRequests, type AskOptions } from "./requests.ts";
import { openTransport, type Transport } from "./transport.ts";

/** Klipper pushes four times a second; the state is told once in this time, what matters at once. */
const reportEveryMs = 1000;
/** With Klipper away nothing is pushed: it is asked for. */
const pollAwayMs = 5000;
/** Moonraker tells its own load every second: this long without a word, and it is asked. */
const silenceMs = 15_000;
const answerMs = 10_000;

/** Log at most one undecodable frame in this time. */
const protocolLogEveryMs = 60_000;

/**
 * Opens the one socket and reads the first status.
 * @throws PrinterError `unreachable`, `timeout`, `printer_auth` with `retryAfterMs`; the signal's
 *   reason when it aborts. Everything opened is closed by then.
 */
export async function connect(options: ConnectOptions<Connection>): Promise<MoonrakerSession> {
  const transport = await openTransport(options.connection, options.signal);
  return begun(new MoonrakerSession(options, transport), options.signal);
}

export class MoonrakerSession implements Session {
  readonly handlers: CommandHandlers;
  readonly ended: Promise<PrinterError>;
  readonly machine: Machine;
  readonly #options: ConnectOptions<Connection>;
  readonly #transport: Transport;
  readonly #requests: PendingRequests;
  readonly #life: SessionLife;
  /** Ends the wait of the watch: something happened that asks for a whole new status. */
  #wake = new AbortController();
  #reported: Readings = unknownReadings;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #begun = false;
  #stale = false;
  #heardMs: number;
  #protocolLoggedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ConnectOptions<Connection>, transport: Transport) {
    this.#options = options;
    this.#transport = transport;
    this.#requests = new PendingRequests(options.clock);
    this.#life = new SessionLife(options.signal, (error) => this.#requests.fail(error));
    this.#heardMs = options.clock.monotonic();
    this.ended = this.#life.ended;
    this.machine = new Machine({
      ask: async (method, params) => this.ask(method, params),
      identify: options.identify,
      changed: () => this.#changed(),
      resync: () => this.#wake.abort(),
      log: options.log,
    });
    this.handlers = createHandlers(this, options.connection);
  }

  async begin(): Promise<void> {
    this.#life.run(async () => this.#receive());
    await this.ask("server.connection.identify", {
      client_name: "Gantry",
      version: "1",
      type: "other",
      url: "https://localhost",
    });
    await this.machine.sync();
    this.#begun = true;
    this.#report(this.machine.readings());
    this.#life.run(async () => this.#watch());
    this.#life.run(async () => this.#flush());
  }

  /**
   * Sends a request and waits for its result.
   * @throws PrinterError as ./refusals.ts says, `timeout`, `unreachable`; the signal's reason
   */
  async ask(method: string, params: Fields = {}, { signal, deadlineMs = answerMs }: AskOptions = {}): Promise<unknown> {
    const either = signal === undefined ? this.#life.signal : AbortSignal.any([signal, this.#life.signal]);
    const send = (id: number): void => this.#transport.send(encodeRequest(method, params, id));
    const settled = await this.#requests.ask(send, deadlineMs, either);
    if (settled.kind === "answer") return settled.result;
    throw refused(settled.refusal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.end(new PrinterError("aborted", "the session was ended"));
    await this.#transport.close();
    await this.#life.settled();
    await this.machine.settled();
  }

  async #receive(): Promise<void> {
    for await (const frame of this.#transport.frames) {
      this.#heardMs = this.#options.clock.monotonic();
      const message = this.#decode(frame);
      if (message?.kind === "notification") this.machine.take(message.method, message.params);
      else if (message !== undefined && message.kind !== "other") this.#requests.settle(message);
    }
    throw new PrinterError("unreachable", "Moonraker closed the connection");
  }

  /** Bad frames are counted in the log and survived. */
  #decode(frame: string): Message | undefined {
    try {
      return decodeFrame(frame);
    } catch (error) {
      if (this.#heardMs - this.#protocolLoggedMs > protocolLogEveryMs) {
        this.#protocolLoggedMs = this.#heardMs;
        this.#options.log.warn("Moonraker sent a frame that does not decode", { error });
      }
      return undefined;
    }
  }

  /** A new reading: told at once when it says another phase or fault, else with the next in time. */
  #changed(): void {
    if (!this.#begun) return;
    const readings = this.machine.readings();
    const { phase, stage, faults } = this.#reported;
    const urgent = readings.phase !== phase || readings.stage !== stage || readings.faults.length !== faults.length;
    const dueMs = this.#reportedMs + reportEveryMs - this.#options.clock.monotonic();
    if (urgent || dueMs <= 0) this.#report(readings);
    else this.#stale = true;
  }

  #report(readings: Readings): void {
    this.#stale = false;
    this.#reported = readings;
    this.#reportedMs = this.#options.clock.monotonic();
    this.#options.report(readings);
  }

  async #flush(): Promise<void> {
    while (true) {
      await this.#options.clock.wait(reportEveryMs, this.#life.signal);
      if (this.#stale) this.#report(this.machine.readings());
    }
  }

  async #watch(): Promise<void> {
    while (true) {
      if (await this.#isWoken()) await this.machine.sync();
      else if (this.machine.isAway) await this.machine.look();
      else await this.#heartbeat();
    }
  }

  /** True when something asked for a new status before the time was over. */
  async #isWoken(): Promise<boolean> {
    const { clock } = this.#options;
    try {
      await clock.wait(
        this.machine.isAway ? pollAwayMs : silenceMs,
        AbortSignal.any([this.#life.signal, this.#wake.signal]),
      );
    } catch {
      this.#life.signal.throwIfAborted();
    }
    const { aborted } = this.#wake.signal;
    if (aborted) this.#wake = new AbortController();
    return aborted;
  }

  async #heartbeat(): Promise<void> {
    const nowMs = this.#options.clock.monotonic();
    if (nowMs - this.#heardMs >= silenceMs) await this.ask("server.info");
    if (nowMs - this.#reportedMs >= silenceMs) this.#report(this.machine.readings());
  }
}
