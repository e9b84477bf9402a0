// Opens one session: where the printer is, who it is, the broker, the registration. Tries once; when
// nobody answers where the printer was, it is looked for by its serial number.

import type { MqttSession } from "@gantry/platform/mqtt-session";
import { PrinterError } from "../../model/errors.ts";
import { begun } from "../begun.ts";
import type { ConnectOptions } from "../family.ts";
import { bootstrap, judge, refusedCode } from "./bootstrap.ts";
import { createHandlers } from "./commands.ts";
import { accessCode, type Connection } from "./connection.ts";
import { broadcastAddresses, findPrinter } from "./discovery.ts";
import { memoryOf, type Memory } from "./memory.ts";
import { Cc2Session } from "./session.ts";
import { openTransport } from "./transport.ts";

/** From this many failures in a row on, the printer counts as switched off. */
const failuresUntilSlow = 5;
const slowRetryMs = 30_000;

/** A failure that may mean that the printer is somewhere else now. */
class NotHere extends Error {
  readonly error: PrinterError;

  constructor(error: PrinterError) {
    super(error.message);
    this.error = error;
  }
}

/**
 * A session that knows the printer's state and identity.
 * @throws PrinterError `printer_auth`, `printer_refused`, `unreachable`, `timeout`; the signal's
 *   reason. Everything opened is closed by then.
 */
export async function connect(options: ConnectOptions<Connection>): Promise<Cc2Session> {
  const memory = memoryOf(options.connection);
  if (memory.codeRefused) throw refusedCode(memory);
  try {
    const session = await connectOrSearch(options, memory);
    memory.failures = 0;
    return session;
  } catch (thrown) {
    options.signal.throwIfAborted();
    const error = thrown instanceof NotHere ? thrown.error : PrinterError.from(thrown);
    memory.failures += 1;
    if (error.retryAfterMs !== undefined || memory.failures < failuresUntilSlow) throw error;
    throw new PrinterError(error.code, error.message, { cause: error.cause, retryAfterMs: slowRetryMs });
  }
}

async function connectOrSearch(options: ConnectOptions<Connection>, memory: Memory): Promise<Cc2Session> {
  const { connection, clock, signal, log } = options;
  const host = memory.address ?? connection.host;
  try {
    return await open(options, host, memory);
  } catch (error) {
    const serial = connection.serial ?? memory.serial;
    if (!(error instanceof NotHere) || serial === undefined) throw error;
    const targets = connection.search ?? broadcastAddresses(host);
    const found = await findPrinter(serial, targets, { port: connection.discovery_port, clock, signal });
    memory.address = found === null || found.address === connection.host ? undefined : found.address;
    if (found === null || found.address === host) throw error;
    log.info("the printer answers at another address", { address: found.address, was: host });
    return open(options, found.address, memory);
  }
}

async function open(options: ConnectOptions<Connection>, host: string, memory: Memory): Promise<Cc2Session> {
  const { connection, clock } = options;
  const probing = new AbortController();
  const signal = AbortSignal.any([options.signal, probing.signal]);
  try {
    const { serial, discovered } = await asNotHere("printer_refused", async () =>
      bootstrap(host, { connection, memory, clock, signal }),
    );
    let session: Cc2Session | undefined;
    const transport = await openBroker(options, host, memory, (sizeBytes) => {
      session?.undecodable(new PrinterError("protocol", `a packet of ${sizeBytes} bytes; it was left out`));
    });
    session = new Cc2Session({ ...options, memory, serial, host }, transport, createHandlers);
    try {
      return await begun(session, options.signal);
    } catch (error) {
      options.signal.throwIfAborted();
      // Silence has its reasons: cloud mode, or another printer. Discovery tells them apart.
      const found = await discovered;
      if (found !== null) judge(found, connection);
      throw error;
    }
  } finally {
    probing.abort();
  }
}

async function openBroker(
  { connection, signal }: ConnectOptions<Connection>,
  host: string,
  memory: Memory,
  onOversized: (sizeBytes: number) => void,
): Promise<MqttSession> {
  try {
    return await openTransport({
      host,
      port: connection.port,
      clientId: memory.clientId,
      accessCode: accessCode(connection),
      signal,
      onOversized,
    });
  } catch (error) {
    signal.throwIfAborted();
    const named = PrinterError.from(error);
    if (named.code === "printer_auth") throw refusedCode(memory, named);
    if (named.code === "unreachable" && named.retryAfterMs === undefined) throw new NotHere(named);
    throw named;
  }
}

/** Turns a failure of that code into one that may mean that the printer is somewhere else. */
async function asNotHere<Value>(code: PrinterError["code"], task: () => Promise<Value>): Promise<Value> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof PrinterError && error.code === code) throw new NotHere(error);
    throw error;
  }
}
