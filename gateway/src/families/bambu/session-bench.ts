// For tests: a session with the printer of ./test-broker.ts, and everything it told.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@gantry/platform/fake-clock";
import type { Log } from "@gantry/platform/log";
import type { Capabilities } from "../../model/capabilities.ts";
import type { CommandName, Unavailable } from "../../model/commands.ts";
import type { Identity, Readings } from "../../model/printer.ts";
import { connect } from "./connect.ts";
import { connection, type Connection } from "./connection.ts";
import type { BambuSession } from "./session.ts";
import { printerPair, type Pair } from "./signing/signing-bench.ts";
import { serial, TestBroker } from "./test-broker.ts";

type Json = Record<string, unknown>;

export const accessCode = "CODE1234";

export class SessionBench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly broker: TestBroker;
  readonly readings: Readings[] = [];
  readonly logged: string[] = [];
  identity: Identity | undefined;
  has: Capabilities = new Set();
  unavailable: ReadonlyMap<CommandName, Unavailable> = new Map();
  dataFolder = "";
  readonly #life = new AbortController();
  readonly #sessions: BambuSession[] = [];
  #connection: Connection | undefined;

  constructor(pair?: Pair) {
    this.broker = new TestBroker(this.clock, pair);
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  get state(): Readings {
    const state = this.readings.at(-1);
    if (state === undefined) throw new Error("it has told nothing");
    return state;
  }

  /** Connects, the fake time going on meanwhile. The same inventory entry each time. */
  async open(more: Json = {}): Promise<BambuSession> {
    this.#connection ??= connection.parse({
      host: "127.0.0.1",
      serial,
      access_code: accessCode,
      mqtt_port: await this.broker.listen(),
      tls_ca: printerPair.certificatePem,
      ...more,
    });
    if (this.dataFolder === "") this.dataFolder = await mkdtemp(join(tmpdir(), "gantry-bambu-"));
    let settled = false;
    const opening = connect({
      connection: this.#connection,
      dataFolder: this.dataFolder,
      signal: this.signal,
      clock: this.clock,
      log: this.#log(),
      report: (readings) => this.readings.push(readings),
      identify: (identity, has, unavailable = new Map()) => {
        this.identity = identity;
        this.has = has;
        this.unavailable = unavailable;
      },
    }).finally(() => (settled = true));
    opening.catch(() => undefined); // thrown below
    await this.broker.until(() => settled);
    const session = await opening;
    this.#sessions.push(session);
    return session;
  }

  abort(): void {
    this.#life.abort(new Error("enough"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) await session[Symbol.asyncDispose]();
    await this.broker[Symbol.asyncDispose]();
    if (this.dataFolder !== "") await rm(this.dataFolder, { recursive: true, force: true });
  }

  #log(): Log {
    const take = (message: string, fields?: unknown): void => {
      const text = JSON.stringify(fields, (_key, value: unknown) =>
        value instanceof Error ? [value.message, value.cause] : value,
      );
      this.logged.push(`${message} ${text}`);
    };
    const log: Log = { error: take, warn: take, info: take, debug: take, with: () => log };
    return log;
  }
}
