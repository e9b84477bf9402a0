import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import { WebSocketServer, type WebSocket } from "ws";
import type { Capabilities } from "../../model/capabilities.ts";
import type { Readings } from "../../model/printer.ts";
import { connection } from "./connection.ts";
import { connect, type MoonrakerSession } from "./session.ts";

type Json = Record<string, unknown>;

/** A Moonraker of a few lines: answers what a test tells it to, and records what it was asked. */
class Stub implements AsyncDisposable {
  readonly asked: { readonly method: string; readonly params: Json }[] = [];
  readonly answers: Record<string, unknown> = {
    "server.connection.identify": { connection_id: 1 },
    "server.info": {
      klippy_connected: true,
      klippy_state: "ready",
      components: ["history"],
      moonraker_version: "0.11",
    },
    "printer.info": { state: "ready", state_message: "Printer is ready", hostname: "v", software_version: "0.12" },
    "printer.objects.list": { objects: ["webhooks", "print_stats", "extruder", "pause_resume", "virtual_sdcard"] },
    "printer.objects.subscribe": {
      status: { print_stats: { state: "standby" }, extruder: { temperature: 20, target: 0 } },
    },
    "printer.objects.query": { status: {} },
    "server.files.get_directory": { disk_usage: { total: 10, used: 4, free: 6 } },
    "server.webcams.list": { webcams: [] },
    "printer.print.pause": "ok",
  };
  /** Methods that get no answer; `*` is every one. */
  readonly mute = new Set<string>();
  readonly refused: Record<string, Json> = {};
  readonly #server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  socket: WebSocket | undefined;

  async listen(): Promise<string> {
    this.#server.on("connection", (socket) => {
      this.socket = socket;
      socket.on("message", (data: Buffer) => this.#take(socket, JSON.parse(data.toString()) as Json));
    });
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  notify(method: string, ...params: unknown[]): void {
    this.socket?.send(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  count(method: string): number {
    return this.asked.filter((request) => request.method === method).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #take(socket: WebSocket, { method, params, id }: Json): void {
    const name = String(method);
    this.asked.push({ method: name, params: (params ?? {}) as Json });
    if (this.mute.has(name) || this.mute.has("*")) return;
    const error =
      this.refused[name] ?? (name in this.answers ? undefined : { code: -32_601, message: "Method not found" });
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...(error ? { error } : { result: this.answers[name] }) }));
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, "it never happened");
    await turn();
  }
}

describe("a session with a Moonraker", { timeout: 60_000 }, () => {
  let stub: Stub;
  let url: string;
  let clock: FakeClock;
  let life: AbortController;
  let readings: Readings[];
  let has: Capabilities;

  beforeEach(async () => {
    stub = new Stub();
    url = await stub.listen();
    clock = new FakeClock();
    life = new AbortController();
    readings = [];
    has = new Set();
  });

  afterEach(async () => {
    life.abort();
    await stub[Symbol.asyncDispose]();
  });

  async function open(): Promise<MoonrakerSession> {
    return connect({
      connection: connection.parse({ url }),
      signal: life.signal,
      clock,
      log: silentLog,
      dataFolder: "unused",
      report: (reading) => readings.push(reading),
      identify: (_identity, capabilities) => (has = capabilities),
    });
  }

  const phase = (): string | undefined => readings.at(-1)?.phase;

  test("knows the whole state before it is given out", async () => {
    await using _session = await open();
    assert.equal(phase(), "idle");
    assert.deepEqual(readings.at(-1)?.storages, [{ id: "local", usedBytes: 4, freeBytes: 6, sizeBytes: 10 }]);
    assert.ok(has.has("start") && has.has("history") && !has.has("camera") && !has.has("fans"));
  });

  test("tells another phase at once and everything else once a second", async () => {
    await using _session = await open();
    const before = readings.length;
    for (let temperature = 21; temperature < 40; temperature += 1) {
      stub.notify("notify_status_update", { extruder: { temperature } }, 1);
    }
    stub.notify("notify_status_update", { print_stats: { state: "paused", filename: "a.gcode" } }, 2);
    await until(() => phase() === "paused");
    assert.ok(readings.length <= before + 2);
    assert.deepEqual(readings.at(-1)?.nozzles, [{ id: "0", actualCelsius: 39, targetCelsius: 0 }]);
    const { length } = readings;
    stub.notify("notify_status_update", { extruder: { temperature: 50 } }, 3);
    stub.notify("notify_power_changed", { device: "psu", status: "on" });
    await turn();
    await until(() => stub.count("server.files.metadata") === 1);
    await clock.advance(1000);
    await until(() => readings.length > length);
    assert.equal(readings.at(-1)?.nozzles[0]?.actualCelsius, 50);
  });

  test("a Klipper that went away is told, and everything is asked anew when it is back", async () => {
    await using _session = await open();
    stub.notify("notify_klippy_disconnected");
    stub.answers["server.info"] = { klippy_connected: false, klippy_state: "disconnected", components: [] };
    await until(() => phase() === "unknown");
    assert.equal(readings.at(-1)?.faults[0]?.text, "Klipper is not connected");
    assert.deepEqual(readings.at(-1)?.nozzles, []);
    stub.answers["server.info"] = { klippy_connected: true, klippy_state: "ready", components: [] };
    stub.notify("notify_klippy_ready");
    await until(() => phase() === "idle");
  });

  test("a Klipper that comes without a word is found by asking", async () => {
    stub.answers["server.info"] = { klippy_connected: false, klippy_state: "disconnected", components: [] };
    await using _session = await open();
    assert.equal(phase(), "unknown");
    stub.answers["server.info"] = { klippy_connected: true, klippy_state: "ready", components: [] };
    await until(() => clock.pending >= 2);
    await clock.advance(5000);
    await until(() => phase() === "idle");
  });

  test("a wrong key is told as one and held back", async () => {
    stub.refused["server.connection.identify"] = { code: -32_602, message: "Unauthorized" };
    await assert.rejects(open(), { code: "printer_auth", retryAfterMs: 60_000 });
    assert.equal(clock.pending, 0);
  });

  test("a server that takes the socket and says nothing is given up", async () => {
    stub.mute.add("*");
    const opening = assert.rejects(open(), { code: "timeout" });
    await until(() => stub.asked.length === 1);
    await clock.advance(10_000);
    await opening;
    assert.equal(clock.pending, 0);
  });

  test("a link that went silent is asked once, then given up", async () => {
    await using session = await open();
    const asked = stub.count("server.info");
    stub.mute.add("*");
    await until(() => clock.pending >= 2);
    await clock.advance(15_000);
    await until(() => stub.count("server.info") === asked + 1);
    await clock.advance(10_000);
    assert.equal((await session.ended).code, "timeout");
  });

  test("frames that do not decode are survived", async () => {
    await using _session = await open();
    stub.socket?.send("{");
    stub.socket?.send(Buffer.from([0, 1]));
    stub.notify("notify_status_update", { print_stats: { state: "complete" } }, 2);
    await until(() => phase() === "finished");
  });

  test("a command is acknowledged, refused in words, or told unconfirmed and never repeated", async () => {
    await using session = await open();
    const { signal } = life;
    assert.deepEqual(await session.handlers.pause?.({}, { signal }), { outcome: "acknowledged" });
    stub.refused["printer.print.resume"] = { code: 400, message: "Print is not paused" };
    await assert.rejects(async () => session.handlers.resume?.({}, { signal }), {
      code: "printer_refused",
      message: /Print is not paused/u,
    });
    stub.mute.add("printer.print.cancel");
    const stopping = session.handlers.stop?.({}, { signal });
    await until(() => stub.count("printer.print.cancel") === 1);
    const answering = setInterval(() => stub.notify("notify_proc_stat_update"), 1);
    for (let second = 0; second < 115; second += 5) {
      await clock.advance(5000);
      await turn();
    }
    clearInterval(answering);
    assert.deepEqual(await stopping, { outcome: "unconfirmed" });
    assert.equal(stub.count("printer.print.cancel"), 1);
  });

  test("dispose with a command in flight ends it and leaves no wait behind", async () => {
    const session = await open();
    stub.mute.add("printer.print.pause");
    const pausing = assert.rejects(async () => session.handlers.pause?.({}, { signal: life.signal }), {
      code: "aborted",
    });
    await until(() => stub.count("printer.print.pause") === 1);
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await pausing;
    await until(() => stub.socket?.readyState === 3);
    assert.equal(clock.pending, 0);
  });
});
