// Opens one session: certificate, broker, versions, full report. Tries once.

import { PrinterError } from "../../model/errors.ts";
import type { ConnectOptions } from "../family.ts";
import type { Connection } from "./connection.ts";
import { createFileStore } from "./file-store.ts";
import { memoryOf, type Memory } from "./memory.ts";
import { BambuSession } from "./session.ts";
import { createSigner, type Signer } from "./signing.ts";
import { openTransport } from "./transport.ts";
import { printerTls } from "./trust.ts";

/** Each connection asks for a full report, which makes some models lag: a link that flaps is left alone. */
const flapping = { connections: 5, withinMs: 300_000, retryMs: 60_000 };

/**
 * A session that knows the printer's state and identity.
 * @throws PrinterError `printer_auth`, `unreachable`, `timeout`, `protocol`, `invalid_input`; the
 *   signal's reason. Everything opened is closed by then.
 */
export async function connect(options: ConnectOptions<Connection>): Promise<BambuSession> {
  const { connection, signal, clock, log, dataFolder } = options;
  const memory = memoryOf(connection);
  demandCalm(memory, clock.monotonic());
  if (connection.tls === "insecure") log.warn("the printer's certificate is not checked (tls: insecure)");
  const signer = signerOf(connection);
  const trust = (port: number) => printerTls(connection, { port, dataFolder, log });
  const transport = await openTransport({
    host: connection.host,
    port: connection.mqtt_port,
    accessCode: connection.access_code,
    tls: trust(connection.mqtt_port),
    signal,
  });
  const files = createFileStore(connection, { tls: trust(connection.ftps_port), dataFolder, clock, log });
  const session = new BambuSession({ ...options, memory, files, signer }, transport);
  try {
    await session.begin();
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    signal.throwIfAborted();
    // A connection that broke meanwhile says why better than whoever waited on it.
    throw error;
  }
}

function demandCalm({ fullReportsMs }: Memory, nowMs: number): void {
  const recent = fullReportsMs.filter((atMs) => nowMs - atMs < flapping.withinMs);
  const lastMs = recent.at(-1);
  if (recent.length < flapping.connections || lastMs === undefined || nowMs - lastMs >= flapping.retryMs) return;
  const words = "the connection was lost again and again; the printer is left alone for a minute";
  throw new PrinterError("unreachable", words, { retryAfterMs: flapping.retryMs - (nowMs - lastMs) });
}

function signerOf(connection: Connection): Signer | null {
  const {
    signing_key: keyPem,
    signing_certificate: certificatePem,
    signing_certificate_id: certificateId,
  } = connection;
  if (keyPem === undefined || certificatePem === undefined) return null;
  return createSigner({
    keyPem,
    certificatePem,
    form: connection.signing_form,
    ...(certificateId === undefined ? {} : { certificateId }),
  });
}
