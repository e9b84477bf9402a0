// Opens one session: certificate, broker, versions, full report. Tries once.

import type { MqttSession } from "@gantry/platform/mqtt-session";
import { PrinterError } from "../../model/errors.ts";
import { begun } from "../begun.ts";
import type { ConnectOptions } from "../family.ts";
import { accountOf } from "./cloud/account.ts";
import { cloudSettings, type CloudSettings } from "./cloud/connection-keys.ts";
import { noFiles } from "./cloud/files.ts";
import { watchAccount, type CloudPrinter } from "./cloud/handlers.ts";
import { lanHolds, throughCloud, watchLan } from "./cloud/link.ts";
import { demandLan, isOnLan, type Connection, type LanConnection } from "./connection.ts";
import { createFileStore } from "./files/file-store.ts";
import { memoryOf, type Memory } from "./memory.ts";
import type { FileStore } from "./printer-link.ts";
import { BambuSession, type SessionOptions } from "./session.ts";
import { createSigner, type Signer } from "./signing/signing.ts";
import { openTransport } from "./transport.ts";
import { printerTls } from "./trust/trust.ts";

/** Each connection asks for a full report, which makes some models lag: a link that flaps is left alone. */
const flapping = { connections: 5, withinMs: 300_000, retryMs: 60_000 };

/**
 * A session that knows the printer's state and identity: on its own network, else through the vendor's
 * cloud where that is configured.
 * @throws PrinterError `printer_auth`, `unreachable`, `timeout`, `protocol`, `invalid_input`; the
 *   signal's reason. Everything opened is closed by then.
 */
export async function connect(options: ConnectOptions<Connection>): Promise<BambuSession> {
  const { connection, signal, clock, log, dataFolder } = options;
  const memory = memoryOf(connection);
  demandCalm(memory, clock.monotonic());
  const settings = cloudSettings(connection);
  const parts = { ...options, memory, signer: signerOf(connection) };
  if (settings === null) return onLan(demandLan(connection), { ...parts, cloud: null });
  const account = accountOf(settings, clock);
  account.keepIn(dataFolder, log);
  const cloud = { account, serial: connection.serial, clock, log };
  if (!isOnLan(connection)) return viaCloud(settings, { ...parts, cloud });
  try {
    return await onLan(connection, { ...parts, cloud });
  } catch (thrown) {
    signal.throwIfAborted();
    return viaCloud(settings, { ...parts, cloud }, PrinterError.from(thrown));
  }
}

type Parts = Pick<SessionOptions, keyof ConnectOptions<Connection> | "memory" | "signer" | "cloud">;

async function onLan(connection: LanConnection, parts: Parts): Promise<BambuSession> {
  const { log, cloud } = parts;
  if (connection.tls === "insecure") log.warn("the printer's certificate is not checked (tls: insecure)");
  const transport = await openLan(connection, parts);
  const tasks = cloud === null ? [] : [async (signal: AbortSignal) => watchAccount(cloud, signal)];
  const files = filesOf(connection, parts);
  const session = await begun(new BambuSession({ ...parts, files, tasks, onlyReads: false }, transport), parts.signal);
  lanHolds(connection);
  return session;
}

/** `lanFailure`: why the printer's own network is not the way; undefined where there is none. */
async function viaCloud(
  settings: CloudSettings,
  parts: Parts & { readonly cloud: CloudPrinter },
  lanFailure?: PrinterError,
): Promise<BambuSession> {
  const { connection, clock, log, signal, cloud } = parts;
  const wait = async (ms: number, ended: AbortSignal): Promise<void> => clock.wait(ms, ended);
  const tasks = [async (ended: AbortSignal) => watchAccount(cloud, ended)];
  const lan = isOnLan(connection) ? connection : null;
  if (lan !== null) {
    const tryLan = async (ended: AbortSignal): Promise<void> =>
      (await openLan(lan, { ...parts, signal: ended })).close();
    tasks.push(async (ended) => watchLan({ connection, wait, tryLan }, ended));
  }
  const files = lan === null ? noFiles() : filesOf(lan, parts);
  const link = { connection, settings, account: cloud.account, nowMs: clock.monotonic(), signal };
  try {
    const session = await throughCloud(link, async (transport) =>
      begun(new BambuSession({ ...parts, files, tasks, onlyReads: true }, transport), parts.signal),
    );
    log.warn("read through the cloud", { reason: lanFailure?.message ?? "the inventory names no host" });
    return session;
  } catch (thrown) {
    signal.throwIfAborted();
    if (lanFailure === undefined) throw thrown;
    // How soon it is tried again is the printer's matter; the cloud has a pause of its own.
    const { code, message, retryAfterMs } = lanFailure;
    const words = `${message}; through the cloud: ${PrinterError.from(thrown).message}`;
    throw new PrinterError(code, words, {
      cause: lanFailure,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
}

type House = Pick<Parts, "dataFolder" | "log" | "clock" | "signal">;

async function openLan(connection: LanConnection, { dataFolder, log, signal }: House): Promise<MqttSession> {
  const { host, mqtt_port: port, access_code: accessCode } = connection;
  return openTransport({ host, port, accessCode, tls: printerTls(connection, { port, dataFolder, log }), signal });
}

function filesOf(connection: LanConnection, { dataFolder, log, clock }: House): FileStore {
  const tls = printerTls(connection, { port: connection.ftps_port, dataFolder, log });
  return createFileStore(connection, { tls, dataFolder, clock, log });
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
    printer_public_key: printerKeyPem,
  } = connection;
  if (keyPem === undefined || certificatePem === undefined) return null;
  return createSigner({
    keyPem,
    certificatePem,
    form: connection.signing_form,
    ...(certificateId === undefined ? {} : { certificateId }),
    ...(printerKeyPem === undefined ? {} : { printerKeyPem }),
  });
}
