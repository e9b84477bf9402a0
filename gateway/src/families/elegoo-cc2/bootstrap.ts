// Before the first MQTT packet: is the printer there, does it serve the local network, and what is
// its serial number, which every topic needs. Order: the inventory, discovery, HTTP.

import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../model/errors.ts";
import { fields, isFields, number, type Fields } from "./codec.ts";
import { accessCode, type Connection } from "./connection.ts";
import { probeHost, serialOf, type Discovered } from "./discovery.ts";
import { exchange } from "./http.ts";
import type { Memory } from "./memory.ts";

/** On a quiet network a printer answers discovery within milliseconds; longer is not waited for when the serial is known. */
const patienceMs = 500;
const httpMs = 10_000;
/** Someone has to go to the printer's screen first. */
const settingRetryMs = 30_000;
/** The access code is not tried again with the same entry. */
const never = 24 * 3_600_000;

export interface BootstrapOptions {
  readonly connection: Connection;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Bootstrap {
  readonly serial: string;
  /** What discovery says, when it says something; it may be late. */
  readonly discovered: Promise<Discovered | null>;
}

/**
 * The serial number of the printer at `host`.
 * @throws PrinterError `printer_auth` when the code is refused or missing; `printer_refused` when
 *   another printer answers there; `unreachable` when LAN Only is off or nobody tells the serial
 */
export async function bootstrap(host: string, options: BootstrapOptions): Promise<Bootstrap> {
  const { connection, memory, clock, signal } = options;
  const discovered = probeHost(host, { port: connection.discovery_port, clock, signal });
  discovered.catch(() => undefined); // told to those who wait for it
  const known = connection.serial ?? memory.serial;
  const inTime = new AbortController();
  const patience = clock.wait(patienceMs, AbortSignal.any([signal, inTime.signal])).then(
    () => null,
    () => null,
  );
  const found = await (known === undefined ? discovered : Promise.race([discovered, patience]));
  inTime.abort();
  signal.throwIfAborted();
  if (found !== null) judge(found, connection);
  const serial = known ?? found?.serial ?? (await askHttp(host, options));
  memory.serial = serial;
  return { serial, discovered };
}

/** @throws PrinterError when the printer says of itself that this connection cannot work */
export function judge(found: Discovered, connection: Connection): void {
  const { serial, lanOnly, accessCodeSet } = found;
  if (connection.serial !== undefined && serial !== null && serial !== connection.serial) {
    const words = `another printer answers at this address: its serial is ${serial}, not ${connection.serial}`;
    throw new PrinterError("printer_refused", words, { retryAfterMs: settingRetryMs });
  }
  if (lanOnly === false) {
    const words = "LAN Only mode is off, so the printer does not serve the local network: switch it on at the printer";
    throw new PrinterError("unreachable", `${words} (Settings, Network)`, { retryAfterMs: settingRetryMs });
  }
  if (accessCodeSet === true && connection.access_code === undefined) {
    const words = "the printer wants an access code: set connection.access_code to the one on its screen";
    throw new PrinterError("printer_auth", words, { retryAfterMs: settingRetryMs });
  }
}

/** The error after the printer refused the code; it is not tried again with this entry of the inventory. */
export function refusedCode(memory: Memory, cause?: unknown): PrinterError {
  memory.codeRefused = true;
  const words =
    "the printer refuses its access code: compare connection.access_code with the printer's screen (Settings, Network). " +
    "It is not tried again before the inventory entry changes";
  return new PrinterError("printer_auth", words, { cause, retryAfterMs: never });
}

async function askHttp(host: string, options: BootstrapOptions): Promise<string> {
  const body = await getInfo(host, options);
  const serial = serialOf(fields(body["system_info"])["sn"]);
  if (serial !== null && (number(body["error_code"]) ?? 0) === 0) return serial;
  const words =
    "the printer's serial number is not known: it answers neither discovery (UDP 52700) nor /system/info. " +
    "Set connection.serial, and check that the printer is on, at this address, and in LAN Only mode";
  throw new PrinterError("unreachable", words);
}

/** The body, or an empty one where nobody answers, or the firmware has no such page. */
async function getInfo(host: string, { connection, memory, signal }: BootstrapOptions): Promise<Fields> {
  const code = accessCode(connection);
  try {
    const { status, body } = await exchange({
      host,
      port: connection.http_port,
      method: "GET",
      // The query counts on 01.03.02.51, the header elsewhere.
      path: `/system/info?X-Token=${encodeURIComponent(code)}`,
      headers: { "X-Token": code },
      deadlineMs: httpMs,
      signal,
    });
    if (status === 401) throw refusedCode(memory);
    const answer: unknown = status === 200 ? JSON.parse(body) : undefined;
    return isFields(answer) ? answer : {};
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PrinterError && error.code === "printer_auth") throw error;
    return {}; // nobody there, too late, or another kind of server: the caller's words name all ways
  }
}
