// The way to the printer through the cloud's broker, and back to its own: when the printer answers on
// its network again, the session through the cloud ends. What such a link may carry: ./only-reading.ts.

import { isIP } from "node:net";
import { Backoff } from "@gantry/platform/backoff";
import type { MqttSession } from "@gantry/platform/mqtt-session";
import { PrinterError } from "../../../model/errors.ts";
import type { Connection } from "../connection.ts";
import type { PrinterTls } from "../trust/trust.ts";
import { openTransport } from "../transport.ts";
import type { CloudAccount } from "./account.ts";
import type { CloudSettings } from "./connection-keys.ts";

/** After a try that failed, the cloud is left alone for this long; the printer's network is not. */
const cloudRetryMs = 300_000;
const lanTries = { firstMs: 30_000, maxMs: 1_800_000, jitterRatio: 0 };

/** What outlives a session, in memory only. */
interface LinkMemory {
  /** The last try through the cloud failed: why, and until when there is no other. */
  failed: { readonly error: PrinterError; readonly untilMs: number } | null;
  /** Between tries of the printer's network; longer each time it answered and then did not hold. */
  readonly lanTries: Backoff;
}

const memories = new WeakMap<Connection, LinkMemory>();

function memoryOf(connection: Connection): LinkMemory {
  const known = memories.get(connection) ?? { failed: null, lanTries: new Backoff(lanTries) };
  memories.set(connection, known);
  return known;
}

export interface CloudLinkOptions {
  readonly connection: Connection;
  readonly settings: CloudSettings;
  readonly account: CloudAccount;
  /** Monotonic ms */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/**
 * Tries the cloud, unless it failed lately.
 * @throws PrinterError with `retryAfterMs`, the last one again while it is too early; the signal's reason
 */
export async function throughCloud<Session>(
  options: CloudLinkOptions,
  begin: (transport: MqttSession) => Promise<Session>,
): Promise<Session> {
  const { connection, nowMs, signal } = options;
  const memory = memoryOf(connection);
  const { failed } = memory;
  if (failed !== null && nowMs < failed.untilMs) throw retried(failed.error, failed.untilMs - nowMs);
  try {
    const session = await begin(await openCloudTransport(options));
    memory.failed = null;
    return session;
  } catch (thrown) {
    signal.throwIfAborted();
    const error = PrinterError.from(thrown);
    const pauseMs = Math.max(cloudRetryMs, error.retryAfterMs ?? 0);
    memory.failed = { error, untilMs: nowMs + pauseMs };
    throw retried(error, pauseMs);
  }
}

function retried(error: PrinterError, retryAfterMs: number): PrinterError {
  return new PrinterError(error.code, error.message, { cause: error, retryAfterMs });
}

/** To the cloud's broker, for a printer that the cloud says it sees. */
async function openCloudTransport({ connection, settings, account, signal }: CloudLinkOptions): Promise<MqttSession> {
  await demandOnline(account, connection.serial, signal);
  const { username, password } = await account.brokerLogin(signal);
  const { mqttHost: host, mqttPort: port } = settings;
  // By public CAs and the name of the host, as everything there; a name that is an address goes without SNI.
  const tls: PrinterTls = {
    options: { minVersion: "TLSv1.2", ...(isIP(host) === 0 ? { servername: host } : {}) },
    verify: () => undefined,
  };
  try {
    return await openTransport({ host, port, username, accessCode: password, tls, signal });
  } catch (error) {
    signal.throwIfAborted();
    const refused = error instanceof PrinterError && error.code === "printer_auth" && error.cause === undefined;
    if (refused) throw new PrinterError("printer_auth", "the cloud's broker refuses the token", { cause: error });
    throw new PrinterError("unreachable", "the cloud's broker cannot be reached", { cause: error });
  }
}

/** The session on the printer's network stands. */
export function lanHolds(connection: Connection): void {
  memoryOf(connection).lanTries.reset();
}

/** Without the list nothing is known, and the broker may be asked. */
async function demandOnline(account: CloudAccount, serial: string, signal: AbortSignal): Promise<void> {
  const found = await account.printers(signal).catch((error: unknown) => {
    if (signal.aborted || (error instanceof PrinterError && error.code === "printer_auth")) throw error;
  });
  if (found === undefined) return;
  const mine = found.value.find((printer) => printer.serial === serial);
  if (mine === undefined) throw new PrinterError("unreachable", "the cloud account does not have this printer");
  if (mine.online === false) throw new PrinterError("unreachable", "the cloud does not see the printer either");
}

export interface LanWatch extends Pick<CloudLinkOptions, "connection"> {
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Logs in at the printer's own broker and leaves again. @throws when it cannot */
  readonly tryLan: (signal: AbortSignal) => Promise<void>;
}

/** Runs until the printer answers on its network. @throws PrinterError `unreachable` then */
export async function watchLan({ connection, wait, tryLan }: LanWatch, signal: AbortSignal): Promise<never> {
  const everyMs = memoryOf(connection).lanTries.next();
  let pauseMs = everyMs;
  while (true) {
    await wait(pauseMs, signal);
    try {
      await tryLan(signal);
    } catch (error) {
      signal.throwIfAborted();
      pauseMs = Math.max(everyMs, PrinterError.from(error).retryAfterMs ?? 0);
      continue;
    }
    throw new PrinterError("unreachable", "the printer answers on its own network again and is read there");
  }
}
