import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { describe, test } from "node:test";
import { MqttRefusal, openMqttSession, type MqttSession } from "./mqtt-session.ts";
import { connectParts, cutPacket, packet, string } from "./test-mqtt-packets.ts";

/** A return code. */
type Answer = number | "closes" | "silence";

/** A broker of a few lines, with one client. */
class Broker implements AsyncDisposable {
  readonly seen: string[] = [];
  connack: Answer = 0;
  suback: Answer = 0;
  socket: Socket | undefined;
  readonly #server: Server = createServer((socket) => this.#take(socket));

  async open(signal: AbortSignal = new AbortController().signal): Promise<MqttSession> {
    if (!this.#server.listening) await once(this.#server.listen(0, "127.0.0.1"), "listening");
    const { port } = this.#server.address() as AddressInfo;
    return openMqttSession(connect({ host: "127.0.0.1", port }), {
      clientId: "me",
      username: "user",
      password: "word",
      keepAliveSeconds: 60,
      signal,
      failed: (error) => new Error(error instanceof MqttRefusal ? error.reason : "other", { cause: error }),
    });
  }

  tell(topic: string, payload: string): void {
    this.socket?.write(packet(0x30, Buffer.concat([string(topic), Buffer.from(payload)])));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket?.destroy();
    if (this.#server.listening) await new Promise((resolve) => void this.#server.close(resolve));
  }

  #take(socket: Socket): void {
    this.socket = socket;
    socket.on("error", () => undefined);
    let pending = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let cut = cutPacket(pending); cut !== undefined; cut = cutPacket(pending)) {
        pending = pending.subarray(cut.end);
        this.#packet(socket, cut.type >> 4, cut.body);
      }
    });
  }

  #packet(socket: Socket, type: number, body: Buffer): void {
    this.seen.push(type === 1 ? `1 ${connectParts(body).join(" ")}` : String(type));
    if (type === 1) this.#answer(socket, (connack) => Buffer.from([0x20, 2, 0, connack]), this.connack);
    if (type === 8) {
      const id = body.subarray(0, 2);
      this.#answer(socket, (granted) => packet(0x90, Buffer.concat([id, Buffer.from([granted])])), this.suback);
    }
    if (type === 14) socket.end();
  }

  #answer(socket: Socket, bytes: (code: number) => Buffer, code: Answer): void {
    if (code === "closes") socket.destroy();
    else if (code !== "silence") socket.write(bytes(code));
  }
}

async function next(session: MqttSession): Promise<unknown> {
  for await (const { topic, payload } of session.inbound) return [topic, Buffer.from(payload).toString()];
  return "ended";
}

describe("a session", { timeout: 60_000 }, () => {
  test("logs in, reads, and ends with a farewell", async () => {
    await using broker = new Broker();
    const session = await broker.open();
    await session.subscribe(["a"], 0);
    let heard = 0;
    session.onMessage(() => (heard += 1));
    broker.tell("a", "hello");
    assert.deepEqual(await next(session), ["a", "hello"]);
    assert.equal(heard, 1);
    await session.close();
    await session.close();
    assert.deepEqual(broker.seen, ["1 me user word", "8", "14"]);
    assert.equal(session.publish("a", "late", 0), false);
  });

  test("says farewell at once though a message was never acknowledged", async () => {
    await using broker = new Broker();
    const session = await broker.open();
    assert.equal(session.publish("a", "x", 1), true);
    await session.close();
    assert.deepEqual(broker.seen, ["1 me user word", "3", "14"]);
  });

  test("ends its messages when the broker closes, and sends nothing after", async () => {
    await using broker = new Broker();
    const session = await broker.open();
    broker.socket?.end();
    assert.equal(await next(session), "ended");
    assert.equal(session.publish("a", "late", 1), false);
    await session.close();
  });

  test("breaks on what is no MQTT", async () => {
    await using broker = new Broker();
    const session = await broker.open();
    broker.socket?.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    await assert.rejects(next(session), { message: "other" });
    await session.close();
  });
});

describe("a session that is refused", { timeout: 60_000 }, () => {
  for (const [connack, reason] of [
    [4, "credentials"],
    [5, "credentials"],
    [3, "turned-away"],
    ["closes", "turned-away"],
  ] as const) {
    test(`by ${connack} says ${reason}`, async () => {
      await using broker = new Broker();
      broker.connack = connack;
      await assert.rejects(broker.open(), { message: reason });
    });
  }

  test("its topics says so", async () => {
    await using broker = new Broker();
    broker.suback = 0x80;
    const session = await broker.open();
    await assert.rejects(session.subscribe(["a"], 1), { message: "topics" });
    await session.close();
  });

  test("by a close under the subscription says so", async () => {
    await using broker = new Broker();
    broker.suback = "closes";
    const session = await broker.open();
    await assert.rejects(session.subscribe(["a"], 1), { message: "closed" });
    await session.close();
  });

  test("by nobody, as nothing listens, has the system's error", async () => {
    const broker = new Broker();
    await (await broker.open()).close();
    const port = broker.socket?.localPort ?? 0;
    await broker[Symbol.asyncDispose]();
    const opening = openMqttSession(connect({ host: "127.0.0.1", port }), {
      clientId: "me",
      username: "user",
      password: "word",
      keepAliveSeconds: 60,
      signal: new AbortController().signal,
      failed: (error) => error as Error,
    });
    await assert.rejects(opening, { code: "ECONNREFUSED" });
  });

  test("ends with the signal while it waits for an answer", async () => {
    await using broker = new Broker();
    broker.connack = "silence";
    const cancelled = new AbortController();
    const opening = broker.open(cancelled.signal);
    while (broker.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    cancelled.abort(new Error("cancelled"));
    await assert.rejects(opening, { message: "cancelled" });
  });
});
