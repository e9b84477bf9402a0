// The one MQTT connection to the printer's broker, over TLS: how it is opened, and what its failures
// mean. No message meaning, no retries. The session is the platform's.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { openMqttSession, type MqttSession } from "@gantry/platform/mqtt-session";
import { PrinterError } from "../../model/errors.ts";
import { mqttFailure, type MqttWords } from "../mqtt-failure.ts";
import { tlsFailure, type PrinterTls } from "./trust/trust.ts";

/** More without a whole message is no printer: full reports have some 32 kB. */
const maxMessageBytes = 4 * 1024 * 1024;
const handshakeMs = 10_000;
const keepAliveSeconds = 20;

const words: MqttWords = {
  wrongCode: "the printer refuses its access code; it changes whenever LAN Only or Developer Mode is switched",
  // Whoever types the right code into the inventory connects anew at once; nothing else helps.
  wrongCodeRetryMs: 300_000,
  turnedAway: "the printer turns the connection away: it is starting, or too many programs are connected to it",
  refusedRetryMs: 30_000,
  named: tlsFailure,
};

export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  /** Default: the printer's only one. */
  readonly username?: string;
  readonly accessCode: string;
  readonly tls: PrinterTls;
  readonly signal: AbortSignal;
}

/**
 * Connects to the broker, with a client id of its own.
 * @throws PrinterError `printer_auth` for a certificate that does not hold or an access code that is
 *   refused, with `retryAfterMs`; `unreachable`, `protocol`, `timeout`; the signal's reason
 */
export async function openTransport(options: TransportOptions): Promise<MqttSession> {
  const { username = "bblp", accessCode, signal } = options;
  signal.throwIfAborted();
  const socket = await openSocket(options);
  const messageCame = limitMessages(socket);
  const session = await openMqttSession(socket, {
    clientId: `gantry-${randomBytes(8).toString("hex")}`,
    username,
    password: accessCode,
    keepAliveSeconds,
    signal,
    failed: (error) => mqttFailure(error, words),
  });
  session.onMessage(messageCame);
  return session;
}

async function openSocket({ host, port, tls, signal }: TransportOptions): Promise<TLSSocket> {
  const socket = connectTls({ host, port, ...tls.options });
  const limit = AbortSignal.timeout(handshakeMs);
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.any([signal, limit]) });
    tls.verify(socket);
    return socket;
  } catch (error) {
    socket.on("error", () => undefined); // it was told already
    socket.destroy();
    signal.throwIfAborted();
    if (!limit.aborted) throw tlsFailure(error);
    throw new PrinterError("unreachable", "the printer does not answer on the network; is it on?", { cause: error });
  }
}

/** Ends a connection that sends more than any message has. Call what it gives for each message. */
function limitMessages(socket: TLSSocket): () => void {
  let atMessage = socket.bytesRead;
  socket.on("data", () => {
    if (socket.bytesRead - atMessage > maxMessageBytes)
      socket.destroy(new PrinterError("protocol", "a message of several MB"));
  });
  return () => (atMessage = socket.bytesRead);
}
