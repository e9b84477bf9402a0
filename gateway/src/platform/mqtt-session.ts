// One MQTT 3.1.1 session over a stream that the caller opened: messages in, messages out, closed for
// good. The only file that knows `mqtt`. It knows no topic and no payload, and never connects again.

import { EventEmitter, on, once } from "node:events";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { MqttClient } from "mqtt";

const handshakeMs = 10_000;
/** How long the broker may take over a farewell. */
const farewellMs = 1000;
const disconnectPacket = Buffer.from([0xe0, 0x00]);
/** CONNACK return codes. */
const badCredentials: ReadonlySet<unknown> = new Set([4, 5]);

/**
 * `credentials`: user name or password are wrong; `turned-away`: refused for another reason, or closed
 * before an answer; `silent`: no CONNACK came; `closed`: the connection ended under a subscription;
 * `topics`: the subscription is not granted.
 */
export type MqttRefusalReason = "credentials" | "turned-away" | "silent" | "closed" | "topics";

/** What the broker does not grant. Everything else that fails is the library's or the system's error. */
export class MqttRefusal extends Error {
  readonly reason: MqttRefusalReason;

  constructor(reason: MqttRefusalReason, cause?: unknown) {
    super(`the MQTT broker refuses: ${reason}`, { cause });
    this.reason = reason;
  }
}

export interface MqttSessionOptions {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly keepAliveSeconds: number;
  readonly signal: AbortSignal;
  /** The error to throw for an MqttRefusal, or for the library's or the system's error. */
  readonly failed: (error: unknown) => Error;
}

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface MqttSession {
  /** Messages as they arrive; ends when the connection closes, throws what `failed` makes when it breaks. */
  readonly inbound: AsyncIterable<MqttMessage>;
  /** Called for each message as it arrives, before `inbound` gives it. */
  onMessage(listener: () => void): void;
  /** False when it did not go out. It never goes out later. */
  publish(topic: string, payload: string, qos: 0 | 1): boolean;
  /** @throws what `failed` makes when the broker does not grant it */
  subscribe(topics: readonly string[], qos: 0 | 1): Promise<void>;
  /** DISCONNECT first, so that the broker frees the slot at once. Idempotent. */
  close(): Promise<void>;
}

/**
 * Logs in at the broker with a clean session. The stream ends with the session, and when there is none.
 * @throws what `failed` makes, or the signal's reason
 */
export async function openMqttSession(stream: Duplex, options: MqttSessionOptions): Promise<MqttSession> {
  const { signal, failed } = options;
  const client = createClient(stream, options);
  const relay = new EventEmitter();
  const messages = on(relay, "message", { close: ["close"] });
  client.on("message", (topic, payload) => relay.emit("message", topic, payload));
  client.on("close", () => relay.emit("close"));
  const broken = watchErrors(client, stream);
  const abort = (): void => void stream.destroy();
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    await opened(client);
  } catch (error) {
    await messages.return?.();
    discard(client, stream);
    signal.throwIfAborted();
    throw failed(error);
  } finally {
    signal.removeEventListener("abort", abort);
  }
  return {
    inbound: inbound(messages, broken, failed),
    onMessage: (listener) => void relay.on("message", listener),
    publish: (topic, payload, qos) => {
      if (!client.connected || stream.writableEnded) return false;
      client.publish(topic, payload, { qos }, () => undefined);
      return true;
    },
    subscribe: async (topics, qos) =>
      subscribed(client, topics, qos).catch((error: unknown) => {
        throw failed(error);
      }),
    close: async () => closed(client, stream),
  };
}

function createClient(
  stream: Duplex,
  { clientId, username, password, keepAliveSeconds }: MqttSessionOptions,
): MqttClient {
  return new MqttClient(() => stream, {
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    clientId,
    username,
    password,
    keepalive: keepAliveSeconds,
    // A replayed command could start something: this client and its store end with the connection.
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    connectTimeout: handshakeMs,
  });
}

/** The first error; mqtt.js goes on after one as if nothing had been. */
function watchErrors(client: MqttClient, stream: Duplex): { error: unknown } {
  const broken: { error: unknown } = { error: undefined };
  client.on("error", (error) => {
    broken.error ??= error;
    stream.destroy();
  });
  return broken;
}

async function opened(client: MqttClient): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", (error) => reject(refusalOf(error) ?? error));
    client.once("close", () => reject(new MqttRefusal("turned-away")));
  });
}

/** mqtt.js gives the CONNACK return code as the error's `code`. */
function refusalOf(error: Error): MqttRefusal | undefined {
  const code: unknown = "code" in error ? error.code : undefined;
  if (badCredentials.has(code)) return new MqttRefusal("credentials", error);
  if (typeof code === "number") return new MqttRefusal("turned-away", error);
  return error.message === "connack timeout" ? new MqttRefusal("silent", error) : undefined;
}

async function* inbound(
  messages: AsyncIterable<unknown[]>,
  broken: { readonly error: unknown },
  failed: (error: unknown) => Error,
): AsyncGenerator<MqttMessage> {
  for await (const [topic, payload] of messages) {
    if (typeof topic === "string" && payload instanceof Uint8Array) yield { topic, payload };
  }
  if (broken.error !== undefined) throw failed(broken.error);
}

async function subscribed(client: MqttClient, topics: readonly string[], wished: 0 | 1): Promise<void> {
  let cause: unknown;
  try {
    const granted = await client.subscribeAsync([...topics], { qos: wished });
    if (granted.every(({ qos }) => qos <= 2)) return;
  } catch (error) {
    if (!client.connected) throw new MqttRefusal("closed", error);
    cause = error;
  }
  throw new MqttRefusal("topics", cause);
}

/** mqtt.js would wait for acknowledgements that may never come: the farewell goes out past it. */
async function closed(client: MqttClient, stream: Duplex): Promise<void> {
  if (!stream.destroyed) {
    const over = new AbortController();
    if (!stream.writableEnded) stream.end(disconnectPacket);
    const gone = once(stream, "close", { signal: over.signal }).catch(() => undefined);
    await Promise.race([gone, sleep(farewellMs, undefined, { signal: over.signal }).catch(() => undefined)]);
    over.abort();
  }
  discard(client, stream);
}

/** Forgets everything that waited to go out. */
function discard(client: MqttClient, stream: Duplex): void {
  stream.destroy();
  client.end(true);
}
