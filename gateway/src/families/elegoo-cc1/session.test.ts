import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import { WebSocketServer, type WebSocket } from "ws";
import type { Identity, Readings } from "../../model/printer.ts";
import { connection } from "./connection.ts";
import { connect, type CentauriSession } from "./session.ts";

interface Sent {
  readonly cmd: number;
  readonly data: unknown;
  readonly requestId: string;
}

/** A printer of a few lines that records everything and answers what a test tells it to. */
class Stub implements AsyncDisposable {
  readonly http: Server = createServer();
  readonly sent: Sent[] = [];
  readonly words: string[] = [];
  socket: WebSocket | undefined;
  mainboardId = "0a1b";
  currentStatus = [0];
  subStatus = 0;
  acks: Record<number, number | null> = {};
  refuse: string | undefined;

  async listen(): Promise<number> {
    const sockets = new WebSocketServer({ noServer: true });
    this.http.on("upgrade", (request, stream, head) => {
      if (this.refuse !== undefined) {
        stream.end(`HTTP/1.1 500 Internal Server Error\r\nContent-Length: ${this.refuse.length}\r\n\r\n${this.refuse}`);
      } else sockets.handleUpgrade(request, stream, head, (socket) => this.#take(socket));
    });
    this.http.listen(0, "127.0.0.1");
    await once(this.http, "listening");
    return (this.http.address() as AddressInfo).port;
  }

  push(): void {
    const info = { Status: this.subStatus, Filename: "cube.gcode" };
    this.socket?.send(
      JSON.stringify({ Status: { CurrentStatus: this.currentStatus, PrintInfo: info }, MainboardID: this.mainboardId }),
    );
  }

  commands(): number[] {
    return this.sent.map(({ cmd }) => cmd);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket?.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => void this.http.close(resolve));
  }

  #take(socket: WebSocket): void {
    this.socket = socket;
    socket.on("message", (raw: Buffer) => {
      const word = raw.toString();
      if (word === "ping") {
        this.words.push(word);
        return socket.send("pong");
      }
      const { Data } = JSON.parse(word) as { Data: { Cmd: number; Data: unknown; RequestID: string } };
      this.sent.push({ cmd: Data.Cmd, data: Data.Data, requestId: Data.RequestID });
      this.#answer(socket, Data.Cmd, Data.RequestID);
    });
  }

  #answer(socket: WebSocket, cmd: number, requestId: string): void {
    const ack = this.acks[cmd] ?? 0;
    if (this.acks[cmd] === null) return;
    socket.send(JSON.stringify({ Id: "x", Data: { Cmd: cmd, Data: { Ack: ack }, RequestID: requestId } }));
    if (cmd === 0) this.push();
    if (cmd === 1) {
      const attributes = { MachineName: "Centauri Carbon", FirmwareVersion: "V1.1.46", MainboardID: this.mainboardId };
      socket.send(JSON.stringify({ Attributes: attributes, MainboardID: this.mainboardId }));
    }
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, "it never happened");
    await turn();
  }
}

describe("a session with a printer", () => {
  let stub: Stub;
  let port: number;
  let clock: FakeClock;
  let life: AbortController;
  let readings: Readings[];
  let identities: Identity[];

  beforeEach(async () => {
    stub = new Stub();
    port = await stub.listen();
    clock = new FakeClock();
    life = new AbortController();
    readings = [];
    identities = [];
  });

  afterEach(async () => {
    life.abort();
    await stub[Symbol.asyncDispose]();
  });

  async function open(more: Record<string, unknown> = {}): Promise<CentauriSession> {
    return connect({
      connection: connection.parse({ host: "127.0.0.1", port, mainboard_id: "0a1b", ...more }),
      signal: life.signal,
      clock,
      log: silentLog,
      report: (reading) => readings.push(reading),
      identify: (identity) => identities.push(identity),
    });
  }

  test("asks for attributes, then status, then subscribes, all without waiting to be told", async () => {
    await using session = await open();
    await until(() => stub.sent.length === 3);
    assert.deepEqual(
      stub.sent.map(({ cmd, data }) => [cmd, data]),
      [
        [1, {}],
        [0, {}],
        [512, { TimePeriod: 5000 }],
      ],
    );
    assert.ok(stub.sent.every(({ requestId }) => /^[0-9a-f]{32}$/u.test(requestId)));
    assert.equal(session.readings.phase, "idle");
    assert.deepEqual(identities, [{ model: "Centauri Carbon", firmware: "1.1.46", serial: "0a1b" }]);
  });

  test("asks for the status again when no push comes", async () => {
    await using _session = await open();
    await until(() => stub.sent.length === 3);
    await clock.advance(5000);
    await until(() => stub.commands().filter((cmd) => cmd === 0).length === 2);
  });

  test("leaves the printer alone while pushes come", async () => {
    await using _session = await open();
    await until(() => stub.sent.length === 3);
    for (let second = 0; second < 12; second += 1) {
      const seen = readings.length;
      stub.push();
      await until(() => readings.length > seen);
      await clock.advance(1000);
    }
    assert.equal(stub.commands().filter((cmd) => cmd === 0).length, 1);
  });

  test("sends the bare word ping before the printer would drop a silent socket", async () => {
    await using _session = await open();
    await clock.advance(20_000);
    await until(() => stub.words.length === 1);
  });

  test("gives up a link that went wholly silent", async () => {
    await using session = await open();
    await until(() => stub.sent.length === 3);
    stub.acks = { 0: null };
    stub.socket?.removeAllListeners("message");
    await clock.advance(70_000);
    assert.equal((await session.ended).code, "timeout");
  });

  test("ends when the printer drops the socket", async () => {
    await using session = await open();
    stub.socket?.terminate();
    assert.equal((await session.ended).code, "unreachable");
  });

  test("survives frames that do not decode", async () => {
    await using _session = await open();
    const seen = readings.length;
    stub.socket?.send("{");
    stub.socket?.send(Buffer.from([0, 1, 2]));
    stub.push();
    await until(() => readings.length > seen);
  });

  test("holds the next try back when all five slots are taken", async () => {
    stub.refuse = "too many client";
    await assert.rejects(open(), { code: "unreachable", retryAfterMs: 30_000 });
  });

  test("refuses another printer at the same address", async () => {
    await assert.rejects(open({ mainboard_id: "ffff" }), { code: "printer_refused" });
  });

  test("gives up a printer that takes the socket and tells nothing", async () => {
    stub.acks = { 0: null, 1: null };
    const opening = assert.rejects(open(), { code: "timeout" });
    await until(() => stub.sent.length === 2);
    await clock.advance(15_000);
    await opening;
    assert.equal(clock.pending, 0);
  });

  test("a lifecycle command is acknowledged, refused in words, or told unconfirmed; never repeated", async () => {
    await using session = await open();
    const { signal } = life;
    assert.deepEqual(await session.handlers.pause?.({}, { signal }), { outcome: "acknowledged" });
    stub.acks = { 131: 2, 130: null };
    await assert.rejects(async () => session.handlers.resume?.({}, { signal }), {
      code: "printer_refused",
      message: /filament/u,
    });
    const stopping = session.handlers.stop?.({}, { signal });
    await until(() => stub.commands().includes(130));
    await assert.rejects(async () => session.handlers.pause?.({}, { signal }), { code: "wrong_phase" });
    await clock.advance(15_000);
    assert.deepEqual(await stopping, { outcome: "unconfirmed" });
    assert.equal(stub.commands().filter((cmd) => cmd === 130).length, 1);
  });

  test("start sends the full path and the vendor's exact payload", async () => {
    await using session = await open();
    await session.handlers.start?.({ file: "cube.gcode", levelBed: true, timelapse: false }, { signal: life.signal });
    assert.deepEqual(stub.sent.at(-1)?.data, {
      Filename: "/local/cube.gcode",
      StartLayer: 0,
      Calibration_switch: 1,
      PrintPlatformType: 0,
      Tlp_Switch: 0,
      slot_map: [],
    });
  });

  test("start puts nothing on the wire while the printer is occupied or the name is not one of its files", async () => {
    await using session = await open();
    const start = async (file: string): Promise<unknown> =>
      session.handlers.start?.({ file, levelBed: false, timelapse: false }, { signal: life.signal });
    for (const file of ["../etc/passwd.gcode", "cube.stl", "a\u0000b.gcode", "/etc/x.gcode", "/local/../x.gcode"]) {
      await assert.rejects(start(file), { code: "invalid_input" }, file);
    }
    for (const element of [1, 2, 8]) {
      stub.currentStatus = [element];
      const seen = readings.length;
      stub.push();
      await until(() => readings.length > seen);
      await assert.rejects(start("cube.gcode"), { code: "wrong_phase" });
    }
    assert.ok(!stub.commands().includes(128));
  });

  test("dispose with a command in flight ends it, closes the socket and leaves no wait behind", async () => {
    const session = await open();
    stub.acks = { 129: null };
    const pausing = assert.rejects(async () => session.handlers.pause?.({}, { signal: life.signal }), {
      code: "aborted",
    });
    await until(() => stub.commands().includes(129));
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await pausing;
    await until(() => stub.socket?.readyState === 3);
    assert.equal(clock.pending, 0);
  });
});
