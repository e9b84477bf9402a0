// The one MQTT connection to the printer's broker: payloads in, payloads out, close. The only file
// that knows `mqtt`. No message meaning, no retries.

import { EventEmitter, on } from "node:events";
import { connect as connectSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { MqttClient } from "mqtt";
import { PrinterError } from "../../model/errors.ts";
import { FilteredSocket, PacketFilter } from "./packet-filter.ts";

/** Longest packet that is taken: a thumbnail is some hundred kB, a history of 50 jobs 20 kB. */
const maxPacketBytes = 8 * 1024 * 1024;
const handshakeMs = 10_000;
const keepAliveSeconds = 60;
/** The dossier of the firmware asks for this after a refusal that is not about the access code. */
const refusedRetryMs = 10_000;
/** How long the broker may take over a farewell. */
const farewellMs = 1000;
const disconnectPacket = Buffer.from([0xe0, 0x00]);
/** CONNACK return codes. */
const badCredentials: ReadonlySet<unknown> = new Set([4, 5]);

export interface InboundPayload {
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface Transport {
  /** Payloads as they arrive; ends when the connection closes, throws when it breaks. */
  readonly inbound: AsyncIterable<InboundPayload>;
  /** Sends at QoS 0 or 1, once; a closed connection swallows it, and `inbound` ends. */
  publish(topic: string, payload: string, qos: 0 | 1): void;
  /** @throws PrinterError `unreachable` when the broker does not grant it */
  subscribe(topics: readonly string[]): Promise<void>;
  /** MQTT DISCONNECT first: a stale session would block one of the printer's four slots. Idempotent. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly accessCode: string;
  readonly signal: AbortSignal;
  /** Told of each packet that was too long to be taken. */
  readonly onOversized: (sizeBytes: number) => void;
}

/**
 * Connects to the broker: MQTT 3.1.1, clean session.
 * @throws PrinterError `printer_auth` when the access code is refused; `unreachable`, with
 *   `retryAfterMs` when the broker is there and turns the client away
 */
export async function openTransport(options: TransportOptions): Promise<Transport> {
  options.signal.throwIfAborted();
  const { client, stream } = createClient(options);
  const relay = new EventEmitter();
  const messages = on(relay, "message", { close: ["close"] });
  client.on("message", (topic, payload) => relay.emit("message", topic, payload));
  client.on("close", () => relay.emit("close"));
  const abort = (): void => void client.end(true);
  options.signal.addEventListener("abort", abort, { once: true });
  const broken = watchErrors(client);
  try {
    await opened(client);
  } catch (error) {
    await messages.return?.();
    client.end(true);
    options.signal.throwIfAborted();
    throw asPrinterError(error);
  } finally {
    options.signal.removeEventListener("abort", abort);
  }
  return {
    inbound: payloads(messages, broken),
    publish: (topic, payload, qos) => void client.publish(topic, payload, { qos }, () => undefined),
    subscribe: async (topics) => subscribed(client, topics),
    close: async () => closed(client, stream),
  };
}

function createClient({ host, port, clientId, accessCode, onOversized }: TransportOptions): {
  client: MqttClient;
  stream: () => FilteredSocket | undefined;
} {
  let stream: FilteredSocket | undefined;
  const client = new MqttClient(
    () => {
      stream = new FilteredSocket(connectSocket({ host, port }), new PacketFilter(maxPacketBytes, onOversized));
      return stream;
    },
    {
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId,
      username: "elegoo",
      password: accessCode,
      keepalive: keepAliveSeconds,
      reconnectPeriod: 0,
      connectTimeout: handshakeMs,
      resubscribe: false,
      queueQoSZero: false,
    },
  );
  return { client, stream: () => stream };
}

/** The first error after the connection stood; mqtt.js goes on as if nothing had been. */
function watchErrors(client: MqttClient): { error: unknown } {
  const broken: { error: unknown } = { error: undefined };
  client.on("error", (error) => {
    broken.error ??= error;
    client.end(true);
  });
  return broken;
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

function asPrinterError(error: unknown): PrinterError {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  if (badCredentials.has(code)) return new PrinterError("printer_auth", "the printer refuses its access code");
  if (typeof code === "number" || error instanceof TurnedAway) {
    const words = "the printer turns the connection away: it is busy, starting, or its four connections are in use";
    return new PrinterError("unreachable", words, { cause: error, retryAfterMs: refusedRetryMs });
  }
  if (error instanceof Error && error.message === "connack timeout") {
    const words = "the address takes the connection and then stays silent: is it the printer's MQTT port?";
    return new PrinterError("unreachable", words, { cause: error, retryAfterMs: refusedRetryMs });
  }
  const named = PrinterError.from(error);
  if (named.code !== "internal") return named;
  return new PrinterError("protocol", "what answers at the printer's port does not speak MQTT", { cause: error });
}

async function* payloads(
  messages: AsyncIterable<unknown[]>,
  broken: { error: unknown },
): AsyncGenerator<InboundPayload> {
  for await (const [topic, payload] of messages) {
    if (typeof topic === "string" && payload instanceof Uint8Array) yield { topic, payload };
  }
  if (broken.error !== undefined) throw asPrinterError(broken.error);
}

async function subscribed(client: MqttClient, topics: readonly string[]): Promise<void> {
  try {
    const granted = await client.subscribeAsync([...topics], { qos: 1 });
    if (granted.every(({ qos }) => qos <= 2)) return;
  } catch (error) {
    if (!client.connected) throw new PrinterError("unreachable", "the printer closed the connection", { cause: error });
  }
  throw new PrinterError("unreachable", "the printer refuses the subscription to its topics");
}

async function closed(client: MqttClient, stream: () => FilteredSocket | undefined): Promise<void> {
  client.on("error", () => undefined);
  const farewell = new AbortController();
  const late = sleep(farewellMs, true, { signal: farewell.signal }).catch(() => false);
  const ended = client.endAsync().then(() => false);
  if (await Promise.race([ended, late])) {
    // It waits for an answer that does not come: the farewell goes out past it.
    stream()?.write(disconnectPacket);
    stream()?.end();
    await sleep(20);
    stream()?.destroy();
  }
  farewell.abort();
}
