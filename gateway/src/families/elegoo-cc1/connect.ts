// Opening a session where the printer is: at its host, or at the address to which it has moved.
// One try; the supervisor decides when there is another.

import { PrinterError } from "../../model/errors.ts";
import { begun } from "../begun.ts";
import type { ConnectOptions } from "../family.ts";
import { createHandlers } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { addressesOf, broadcastAddresses, discover, type Discovered } from "./discovery.ts";
import { CentauriSession } from "./session.ts";
import { openTransport } from "./transport.ts";

/**
 * Opens the one socket and reads the first status. Where the host does not answer or is another
 * printer, the mainboard id is looked for on the network and the session opened there.
 * @throws PrinterError `unreachable`, `timeout`, `printer_refused` when another printer answers
 *   there; the signal's reason when it aborts. Everything opened is closed by then.
 */
export async function connect(options: ConnectOptions<Connection>): Promise<CentauriSession> {
  const { host } = options.connection;
  try {
    return await open(options, host);
  } catch (error) {
    options.signal.throwIfAborted();
    const reason = PrinterError.from(error);
    if (!mayBeElsewhere(reason)) throw reason;
    const found = await look(options);
    if (found === null) throw reason;
    if (found.isHost) throw reason.code === "unreachable" ? crashed(reason) : reason;
    options.log.info("found the printer at another address", { address: found.address });
    return open(options, found.address);
  }
}

async function open(options: ConnectOptions<Connection>, host: string): Promise<CentauriSession> {
  const transport = await openTransport(host, options.connection.port, options.signal);
  return begun(new CentauriSession(options, transport, host, createHandlers), options.signal);
}

/** Not where all its connections are taken: that is the printer itself. */
function mayBeElsewhere({ code, retryAfterMs }: PrinterError): boolean {
  return (code === "unreachable" && retryAfterMs === undefined) || code === "printer_refused";
}

interface Place extends Discovered {
  readonly isHost: boolean;
}

/** Who of those that answer is this printer. null: nobody. */
async function look({ connection, clock, signal }: ConnectOptions<Connection>): Promise<Place | null> {
  const { host, discovery_port: port, mainboard_id: wanted, search } = connection;
  const own = await addressesOf([host]);
  const isHost = ({ address }: Discovered): boolean => own.includes(address);
  const isIt = (found: Discovered): boolean =>
    wanted === undefined ? isHost(found) : found.mainboardId?.toLowerCase() === wanted.toLowerCase();
  const elsewhere = wanted === undefined ? [] : (search ?? broadcastAddresses());
  const enough = (found: readonly Discovered[]): boolean => found.some((one) => isIt(one));
  const found = await discover({ targets: [...own, ...elsewhere], port, clock, signal, enough });
  signal.throwIfAborted();
  const place = found.find((one) => isIt(one));
  return place === undefined ? null : { ...place, isHost: isHost(place) };
}

/** Discovery is a process of its own and goes on when the one that prints has died. */
function crashed(cause: PrinterError): PrinterError {
  const words =
    "the printer answers discovery but nothing else: its software has crashed, or still starts; if this lasts, switch it off and on";
  return new PrinterError("unreachable", words, { cause });
}
