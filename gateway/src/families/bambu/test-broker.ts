// For tests: a printer of a few lines, TLS broker and all, that records everything and answers what a
// test tells it to. It speaks MQTT by itself and shares no code with the family.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { FakeClock } from "@gantry/platform/fake-clock";
import { printerPair, type Pair } from "./signing/signing-bench.ts";
import { connectParts, cutPacket, packet, string } from "@gantry/platform/test-mqtt-packets";

type Json = Record<string, unknown>;

export const serial = "01P00A000000001";
/** What is on its way over loopback has arrived by then. */
const quietMs = 30;

export interface Published {
  readonly type: string;
  readonly command: string;
  readonly body: Json;
  readonly qos: number;
  /** Which connection it came over, from 1. */
  readonly connection: number;
}

export function fullReport(more: Json = {}): Json {
  const url = new URL("captures/p1s-01.08-printing.json", import.meta.url);
  const { print } = JSON.parse(readFileSync(url, "utf8")) as { print: Json };
  return { ...print, ...more };
}

export const versions: Json[] = [
  { name: "ota", project_name: "C12", product_name: "Bambu Lab P1S", sw_ver: "01.07.00.00", sn: "SECRET-OTA-SN" },
  { name: "ams/0", sw_ver: "00.00.06.75", hw_ver: "AMS08", sn: "SECRET-AMS-SN" },
];

export class TestBroker implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly published: Published[] = [];
  /** `CONNECT id user`, `SUBSCRIBE topic`, `DISCONNECT`. */
  readonly log: string[] = [];
  connections = 0;
  connack = 0;
  /** Whether QoS 1 is acknowledged. */
  acknowledges = true;
  /** Whether anything is answered. */
  mute = false;
  versions: readonly Json[] = versions;
  report: Json | null = fullReport({ gcode_state: "IDLE" });
  /** What is said to these commands; others are repeated with success. */
  answers: Record<string, Json | null> = {};
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();
  #busyMs = 0;

  constructor(clock: FakeClock, { keyPem, certificatePem }: Pair = printerPair) {
    this.clock = clock;
    this.#server = createServer({ key: keyPem, cert: certificatePem, maxVersion: "TLSv1.2" }, (socket) =>
      this.#take(socket),
    );
    this.#server.on("tlsClientError", () => undefined); // the client that refused us tells
  }

  async listen(): Promise<number> {
    if (!this.#server.listening) {
      this.#server.listen(0, "127.0.0.1");
      await once(this.#server, "listening");
    }
    return (this.#server.address() as AddressInfo).port;
  }

  commands(type = "print"): string[] {
    return this.published.filter((one) => one.type === type).map(({ command }) => command);
  }

  count(type: string, command: string): number {
    return this.commands(type).filter((one) => one === command).length;
  }

  /** A delta, or with `msg: 0` a full report. */
  push(changes: Json): void {
    this.send({ print: { command: "push_status", msg: 1, sequence_id: "1", ...changes } });
  }

  send(message: Json | string | Uint8Array): void {
    const bytes =
      message instanceof Uint8Array ? message : typeof message === "string" ? message : JSON.stringify(message);
    this.#busyMs = Date.now();
    const topic = string(`device/${serial}/report`);
    for (const socket of this.#sockets) socket.write(packet(0x30, Buffer.concat([topic, Buffer.from(bytes)])));
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Moves the fake time on, in steps, until it is so; only while the wire is quiet. */
  async until(condition: () => boolean, stepMs = 250): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`it never happened; the printer saw ${this.log.join(", ")}`);
      await sleep(4);
      if (Date.now() - this.#busyMs > quietMs) await this.clock.advance(stepMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  #take(socket: TLSSocket): void {
    this.connections += 1;
    const connection = this.connections;
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    let pending = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      this.#busyMs = Date.now();
      pending = Buffer.concat([pending, chunk]);
      for (let cut = cutPacket(pending); cut !== undefined; cut = cutPacket(pending)) {
        pending = pending.subarray(cut.end);
        this.#packet(socket, connection, cut.type, cut.body);
      }
    });
  }

  #packet(socket: TLSSocket, connection: number, type: number, body: Buffer): void {
    switch (type >> 4) {
      case 1: {
        this.log.push(`CONNECT ${connectParts(body).join(" ")}`);
        socket.write(Buffer.from([0x20, 2, 0, this.connack]));
        return;
      }
      case 3:
        return this.#publish(socket, connection, type, body);
      case 8: {
        const end = 4 + body.readUInt16BE(2);
        this.log.push(`SUBSCRIBE ${body.toString("utf8", 4, end)}`);
        socket.write(packet(0x90, Buffer.concat([body.subarray(0, 2), Buffer.from([0])])));
        return;
      }
      case 12:
        socket.write(Buffer.from([0xd0, 0]));
        return;
      case 14:
        this.log.push("DISCONNECT");
        socket.end();
        return;
      default:
        return;
    }
  }

  #publish(socket: TLSSocket, connection: number, type: number, body: Buffer): void {
    const topicEnd = 2 + body.readUInt16BE(0);
    const qos = (type >> 1) & 3;
    if (qos > 0 && this.acknowledges) socket.write(packet(0x40, body.subarray(topicEnd, topicEnd + 2)));
    if (body.toString("utf8", 2, topicEnd) !== `device/${serial}/request`) return;
    const message = JSON.parse(body.toString("utf8", topicEnd + (qos > 0 ? 2 : 0))) as Record<string, Json>;
    const [[name, inner] = ["", {}]] = Object.entries(message);
    const command = String(inner["command"]);
    this.published.push({ type: name, command, body: inner, qos, connection });
    if (!this.mute) this.#answer(name, command, inner);
  }

  #answer(type: string, command: string, body: Json): void {
    if (command === "pushall") {
      if (this.report !== null) this.push({ ...this.report, msg: 0 });
      return;
    }
    if (type === "pushing") return;
    const answer = Object.hasOwn(this.answers, command) ? this.answers[command] : { result: "success" };
    if (answer === null) return;
    const module = command === "get_version" ? { module: this.versions } : {};
    this.send({ [type]: { ...body, ...module, reason: "", ...answer } });
  }
}
