// For tests: a Centauri Carbon 2 of a few lines, broker and all, that records everything and answers
// what a test tells it to. It speaks MQTT by itself and shares no code with the family.

import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { FakeClock } from "@gantry/platform/fake-clock";
import { connectParts, cutPacket, packet, string } from "@gantry/platform/test-mqtt-packets";

export interface Sent {
  readonly method: number;
  readonly params: unknown;
  readonly topic: string;
  readonly qos: number;
  readonly id: number;
}

type Json = Record<string, unknown>;

export const serial = "CC2X4Y0000001234";

/** What is on its way over loopback has arrived by then. */
const quietMs = 30;

export class TestPrinter implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly sent: Sent[] = [];
  /** Everything received, in order: `CONNECT code`, `SUBSCRIBE`, topic suffixes, `DISCONNECT`. */
  readonly log: string[] = [];
  pings = 0;
  connack = 0;
  /** What registrations are answered with; null is silence. */
  registered: string | null = "ok";
  /** Methods that are never answered. */
  silent = new Set<number>();
  /** Answers none at all, PONG included. */
  mute = false;
  errors: Record<number, number> = {};
  results: Record<number, Json> = {};
  status: Json = idleStatus();
  attributes: Json = {
    hostname: "Attic",
    machine_model: "Centauri Carbon 2",
    sn: serial,
    software_version: { ota_version: "02.01.00.00" },
    max_video_connections: 1,
    video_connections: 0,
  };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #clientId = "";
  #pushId = 100;
  /** When anything last went over the wire, real ms. */
  #busyMs = 0;

  constructor(clock: FakeClock) {
    this.clock = clock;
    this.#server = createServer((socket) => this.#take(socket));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  methods(): number[] {
    return this.sent.map(({ method }) => method);
  }

  count(method: number): number {
    return this.methods().filter((sent) => sent === method).length;
  }

  /** Pushes a status change, on the broadcast topic and on the client's own, as the printer does. */
  push(delta: Json, id = this.#pushId++): void {
    const message = { id, method: 6000, result: delta };
    this.publish(this.statusTopic, message);
    this.publish(this.responseTopic, message);
  }

  machine(status: number, subStatus: number, more: Json = {}): void {
    this.push({ machine_status: { status, sub_status: subStatus, ...more } });
  }

  /** The id of the last request of a method. */
  idOf(method: number): number {
    return this.sent.findLast((sent) => sent.method === method)?.id ?? 0;
  }

  get requestTopic(): string {
    return `elegoo/${serial}/${this.#clientId}/api_request`;
  }

  get statusTopic(): string {
    return `elegoo/${serial}/api_status`;
  }

  get responseTopic(): string {
    return `elegoo/${serial}/${this.#clientId}/api_response`;
  }

  publish(topic: string, message: Json | string | Uint8Array): void {
    const body =
      message instanceof Uint8Array ? message : typeof message === "string" ? message : JSON.stringify(message);
    this.write(packet(0x30, Buffer.concat([string(topic), Buffer.from(body)])));
  }

  write(bytes: Uint8Array): void {
    this.#busyMs = Date.now();
    for (const socket of this.#sockets) socket.write(bytes);
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Moves the fake time on, in steps, until it is so; only while the wire is quiet. */
  async until(condition: () => boolean, stepMs = 250): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`it never happened; the printer saw ${this.log.join(", ")}`);
      await sleep(4);
      if (Date.now() - this.#busyMs > quietMs) await this.clock.advance(stepMs);
    }
  }

  /** Lets `ms` of fake time pass, the wire keeping up. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.monotonic() + ms;
    await this.until(() => this.clock.monotonic() >= endMs);
    await sleep(20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    let pending = Buffer.alloc(0);
    this.#busyMs = Date.now();
    socket.on("data", (chunk: Buffer) => {
      this.#busyMs = Date.now();
      pending = Buffer.concat([pending, chunk]);
      for (let cut = cutPacket(pending); cut !== undefined; cut = cutPacket(pending)) {
        pending = pending.subarray(cut.end);
        this.#packet(socket, cut.type, cut.body);
      }
    });
  }

  #packet(socket: Socket, type: number, body: Buffer): void {
    switch (type >> 4) {
      case 1: {
        const parts = connectParts(body);
        this.#clientId = parts[0] ?? "";
        this.log.push(`CONNECT ${parts[2]}`);
        socket.write(Buffer.from([0x20, 2, 0, this.connack]));
        return;
      }
      case 3:
        return this.#published(socket, type, body);
      case 8: {
        const topics = subscribedTopics(body.subarray(2));
        this.log.push(`SUBSCRIBE ${topics.map((topic) => topic.split("/").at(-1)).join(" ")}`);
        socket.write(packet(0x90, Buffer.concat([body.subarray(0, 2), Buffer.from(topics.map(() => 1))])));
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

  #published(socket: Socket, type: number, body: Buffer): void {
    const topicEnd = 2 + body.readUInt16BE(0);
    const topic = body.toString("utf8", 2, topicEnd);
    const qos = (type >> 1) & 3;
    if (qos > 0) socket.write(packet(0x40, body.subarray(topicEnd, topicEnd + 2)));
    const message = JSON.parse(body.toString("utf8", topicEnd + (qos > 0 ? 2 : 0))) as Json;
    if (topic === `elegoo/${serial}/api_register`) return this.#register(message);
    if (message["type"] === "PING") {
      this.pings += 1;
      if (!this.mute) this.publish(this.responseTopic, { type: "PONG" });
      return;
    }
    const method = Number(message["method"]);
    this.log.push(String(method));
    this.sent.push({ method, params: message["params"], topic, qos, id: Number(message["id"]) });
    if (this.mute || this.silent.has(method)) return;
    this.#answer(method, message["id"]);
  }

  #register(message: Json): void {
    this.log.push("api_register");
    if (this.registered === null) return;
    const answer = { client_id: message["client_id"], error: this.registered };
    this.publish(`elegoo/${serial}/${String(message["request_id"])}/register_response`, answer);
  }

  #answer(method: number, id: unknown): void {
    const known: Json = { 1001: this.attributes, 1002: this.status, ...this.results };
    const result = { error_code: this.errors[method] ?? 0, ...(known[method] as Json | undefined) };
    this.publish(this.responseTopic, { id, method, result });
  }
}

export function idleStatus(): Json {
  return {
    machine_status: { status: 1, sub_status: 0, sub_status_reason_code: 0, exception_status: [], progress: 0 },
    print_status: { state: "standby", filename: "", uuid: "", current_layer: 0, print_duration: 0, enable: false },
    extruder: { temperature: 24.96, target: 0, filament_detect_enable: 1, filament_detected: 1 },
    heater_bed: { temperature: 25, target: 0 },
    ztemperature_sensor: { temperature: 26.04 },
    fans: {
      fan: { speed: 0 },
      aux_fan: { speed: 127.5 },
      box_fan: { speed: 0 },
      heater_fan: { speed: 255 },
      controller_fan: { speed: 0 },
    },
    led: { status: 1 },
    gcode_move: { x: 100, y: 100, z: 20, extruder: 0, speed: 1500, speed_mode: 1 },
    tool_head: { homed_axes: "xyz" },
    external_device: { camera: true, u_disk: false, type: "" },
  };
}

/** A job in its midst. */
export function printingStatus(): Json {
  return {
    ...idleStatus(),
    machine_status: { status: 2, sub_status: 2075, exception_status: [], progress: 42 },
    print_status: {
      state: "printing",
      filename: "bracket.gcode",
      uuid: "u-1",
      current_layer: 42,
      print_duration: 812,
      remaining_time_sec: 1120,
    },
  };
}

export function canvasResult(): Json {
  const tray = (id: number, status: number, more: Json = {}): Json => ({
    tray_id: id,
    brand: "ELEGOO",
    filament_type: "PETG",
    filament_name: "PETG Pro",
    filament_color: "1E6B3A",
    status,
    ...more,
  });
  return {
    canvas_info: {
      active_canvas_id: 0,
      active_tray_id: 1,
      auto_refill: true,
      canvas_list: [{ canvas_id: 0, connected: 1, tray_list: [tray(0, 1), tray(1, 2), tray(2, 0), tray(3, 1)] }],
    },
  };
}

function subscribedTopics(body: Buffer): string[] {
  const topics: string[] = [];
  for (let at = 0; at + 2 <= body.length;) {
    const end = at + 2 + body.readUInt16BE(at);
    topics.push(body.toString("utf8", at + 2, end));
    at = end + 1;
  }
  return topics;
}
