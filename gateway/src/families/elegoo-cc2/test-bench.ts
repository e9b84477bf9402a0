// For tests: a fake clock, a test printer, and a session with it that is opened as the fleet would.

import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog, type Log } from "@gantry/platform/log";
import type { Capabilities } from "../../model/capabilities.ts";
import type { CommandName, FileToSend } from "../../model/commands.ts";
import type { Identity, Readings } from "../../model/printer.ts";
import { connect } from "./connect.ts";
import { connection, type Connection } from "./connection.ts";
import type { Cc2Session } from "./session.ts";
import { serial, TestPrinter } from "./test-printer.ts";

type Json = Record<string, unknown>;
type Handler = (input: unknown, options: { signal: AbortSignal; file?: FileToSend }) => Promise<object>;

/** Nobody listens there. */
const nobody = 47;

export class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly printer = new TestPrinter(this.clock);
  readonly readings: Readings[] = [];
  readonly identities: Identity[] = [];
  readonly warnings: string[] = [];
  has: Capabilities = new Set();
  readonly #life = new AbortController();
  #session: Cc2Session | undefined;
  #connection: Connection | undefined;

  /** A connection block that reaches the test printer. */
  async reach(more: Json = {}): Promise<Connection> {
    this.#connection ??= connection.parse({
      host: "127.0.0.1",
      port: await this.printer.listen(),
      discovery_port: nobody,
      http_port: nobody,
      access_code: "Ab12Cd",
      serial,
      ...more,
    });
    return this.#connection;
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  get session(): Cc2Session {
    if (this.#session === undefined) throw new Error("there is no session");
    return this.#session;
  }

  get last(): Readings | undefined {
    return this.readings.at(-1);
  }

  /** Opens a session, time going by as it needs to. A second one has the same memory as the first. */
  async open(more: Json = {}): Promise<Cc2Session> {
    const opening = this.connect(more);
    let settled = false;
    const settle = (): void => void (settled = true);
    opening.then(settle, settle);
    await this.printer.until(() => settled);
    return opening;
  }

  async connect(more: Json = {}): Promise<Cc2Session> {
    this.#session = await connect({
      connection: await this.reach(more),
      signal: this.#life.signal,
      clock: this.clock,
      log: this.#log(),
      dataFolder: "unused",
      report: (readings) => this.readings.push(readings),
      identify: (identity, has) => {
        this.identities.push(identity);
        this.has = has;
      },
    });
    return this.#session;
  }

  /** Asks a command and lets time go by until it has an outcome. */
  async ask(name: CommandName, input: unknown = {}, file?: FileToSend): Promise<object> {
    const handler = this.session.handlers[name] as Handler | undefined;
    if (handler === undefined) throw new Error(`there is no handler for ${name}`);
    const asking = handler(input, { signal: this.signal, ...(file === undefined ? {} : { file }) });
    let settled = false;
    const settle = (): void => void (settled = true);
    asking.then(settle, settle);
    await this.printer.until(() => settled);
    return asking;
  }

  /** Lets the session finish what it asks by itself after it was opened. */
  async settle(): Promise<void> {
    await this.printer.pass(8000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    await this.#session?.[Symbol.asyncDispose]();
    await this.printer[Symbol.asyncDispose]();
  }

  #log(): Log {
    const warn = (message: string): void => void this.warnings.push(message);
    const log: Log = { ...silentLog, error: warn, warn, with: () => log };
    return log;
  }
}
