// The one MQTT connection to the printer's broker, over TLS: payloads in, payloads out, close. The
// only file that knows `mqtt`. No message meaning, no retries: a connection is never used again.

import { randomBytes } from "node:crypto";
import { EventEmitter, on, once } from "node:events";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { MqttClient } from "mqtt";
import { PrinterError } from "../../model/errors.ts";
import { tlsFailure, type PrinterTls } from "./trust/trust.ts";

/** More without a whole message is no printer: full reports have some 32 kB. */
const maxMessageBytes = 4 * 1024 * 1024;
const handshakeMs = 10_000;
const keepAliveSeconds = 20;
/** Whoever types the right code into the inventory connects anew at once; nothing else helps. */
const wrongCodeRetryMs = 300_000;
const refusedRetryMs = 30_000;
const farewellMs = 500;
const disconnectPacket = Buffer.from([0xe0, 0x00]);
/** CONNACK return codes. */
const badCredentials: ReadonlySet<unknown> = new Set([4, 5]);

export interface Transport {
  /** Payloads as they arrive; ends when the connection closes, throws when it breaks. */
  readonly inbound: AsyncIterable<Uint8Array>;
  /** False when it did not go out. It never goes out later. */
  publish(topic: string, payload: string, qos: 0 | 1): boolean;
  /** @throws PrinterError `unreachable` when the broker does not grant it */
  subscribe(topic: string): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

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
 * Connects to the broker: MQTT 3.1.1, clean session, a client id of its own.
 * @throws PrinterError `printer_auth` for a certificate that does not hold or an access code that is
 *   refused, with `retryAfterMs`; `unreachable`, `protocol`, `timeout`; the signal's reason
 */
export async function openTransport(options: TransportOptions): Promise<Transport> {
  options.signal.throwIfAborted();
  const socket = await openSocket(options);
  const client = createClient(socket, options);
  const relay = new EventEmitter();
  const messages = on(relay, "message", { close: ["close"] });
  const limit = limitMessages(socket);
  client.on("message", (_topic, payload) => {
    limit.messageCame();
    relay.emit("message", payload);
  });
  client.on("close", () => relay.emit("close"));
  const abort = (): void => void socket.destroy();
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    await opened(client);
  } catch (error) {
    await messages.return?.();
    discard(client, socket);
    options.signal.throwIfAborted();
    throw connectFailure(error);
  } finally {
    options.signal.removeEventListener("abort", abort);
  }
  const broken = watchErrors(client, socket);
  return {
    inbound: payloads(messages, broken),
    publish: (topic, payload, qos) => {
      if (!client.connected) return false;
      client.publish(topic, payload, { qos }, () => undefined);
      return true;
    },
    subscribe: async (topic) => subscribed(client, topic),
    close: async () => closed(client, socket),
  };
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

function createClient(socket: TLSSocket, { username = "bblp", accessCode }: TransportOptions): MqttClient {
  return new MqttClient(() => socket, {
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    clientId: `gantry-${randomBytes(8).toString("hex")}`,
    username,
    password: accessCode,
    keepalive: keepAliveSeconds,
    // A replayed command could start a job: this client and its store end with the connection.
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    connectTimeout: handshakeMs,
  });
}

async function opened(client: MqttClient): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
    client.once("close", () => reject(new TurnedAway()));
  });
}

class TurnedAway extends Error {
  override readonly message = "the broker closed the connection before it answered";
}

function connectFailure(error: unknown): PrinterError {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  if (badCredentials.has(code)) {
    const words = "the printer refuses its access code; it changes whenever LAN Only or Developer Mode is switched";
    return new PrinterError("printer_auth", words, { retryAfterMs: wrongCodeRetryMs });
  }
  if (typeof code === "number" || error instanceof TurnedAway) {
    const words = "the printer turns the connection away: it is starting, or too many programs are connected to it";
    return new PrinterError("unreachable", words, { cause: error, retryAfterMs: refusedRetryMs });
  }
  if (error instanceof Error && error.message === "connack timeout") {
    const words = "the address takes the connection and then stays silent: is it the printer's MQTT port?";
    return new PrinterError("unreachable", words, { cause: error, retryAfterMs: refusedRetryMs });
  }
  return linkFailure(error);
}

function linkFailure(error: unknown): PrinterError {
  const named = tlsFailure(error);
  if (named.code !== "internal") return named;
  return new PrinterError("protocol", "what answers at the printer's port does not speak MQTT", { cause: error });
}

/** The first error after the connection stood; mqtt.js goes on as if nothing had been. */
function watchErrors(client: MqttClient, socket: TLSSocket): { error: unknown } {
  const broken: { error: unknown } = { error: undefined };
  client.on("error", (error) => {
    broken.error ??= error;
    socket.destroy();
  });
  return broken;
}

/** Ends a connection that sends more than any message has. */
function limitMessages(socket: TLSSocket): { messageCame: () => void } {
  let atMessage = socket.bytesRead;
  socket.on("data", () => {
    if (socket.bytesRead - atMessage > maxMessageBytes)
      socket.destroy(new PrinterError("protocol", "a message of several MB"));
  });
  return { messageCame: () => (atMessage = socket.bytesRead) };
}

async function* payloads(messages: AsyncIterable<unknown[]>, broken: { error: unknown }): AsyncGenerator<Uint8Array> {
  for await (const [payload] of messages) if (payload instanceof Uint8Array) yield payload;
  if (broken.error !== undefined) throw linkFailure(broken.error);
}

async function subscribed(client: MqttClient, topic: string): Promise<void> {
  try {
    const granted = await client.subscribeAsync(topic, { qos: 0 });
    if (granted.every(({ qos }) => qos <= 2)) return;
  } catch (error) {
    if (!client.connected) throw new PrinterError("unreachable", "the printer closed the connection", { cause: error });
  }
  throw new PrinterError("unreachable", "the printer refuses the subscription to its topic");
}

/** mqtt.js would wait for acknowledgements that may never come: the farewell goes out past it. */
async function closed(client: MqttClient, socket: TLSSocket): Promise<void> {
  if (!socket.destroyed) {
    client.on("error", () => undefined);
    const over = new AbortController();
    socket.end(disconnectPacket);
    const gone = once(socket, "close", { signal: over.signal }).catch(() => undefined);
    await Promise.race([gone, sleep(farewellMs, undefined, { signal: over.signal }).catch(() => undefined)]);
    over.abort();
  }
  discard(client, socket);
}

/** Forgets everything that waited to go out. */
function discard(client: MqttClient, socket: TLSSocket): void {
  client.on("error", () => undefined);
  socket.destroy();
  client.end(true);
}
