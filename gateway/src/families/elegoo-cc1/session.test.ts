import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { silentLog, type LogFields } from "@gantry/platform/log";
import { Bench, until } from "./stub-printer.ts";

describe("a session with a printer", () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = new Bench();
    await bench.stub.listen();
  });

  afterEach(async () => bench[Symbol.asyncDispose]());

  const ready = async (): Promise<void> => until(() => bench.stub.commands().includes(512));

  test("asks for attributes, then status, then subscribes, all without waiting to be told", async () => {
    const session = await bench.connect();
    await ready();
    assert.deepEqual(
      bench.stub.sent.slice(0, 3).map(({ cmd, data }) => [cmd, data]),
      [
        [1, {}],
        [0, {}],
        [512, { TimePeriod: 5000 }],
      ],
    );
    assert.ok(bench.stub.sent.every(({ requestId }) => /^[0-9a-f]{32}$/u.test(requestId)));
    assert.equal(session.readings.phase, "idle");
    assert.deepEqual(bench.identities, [{ model: "Centauri Carbon", firmware: "1.1.46", serial: "0a1b" }]);
  });

  test("asks for the status again when no push comes", async () => {
    await bench.connect();
    await ready();
    await bench.clock.advance(5000);
    await until(() => bench.stub.commands().filter((cmd) => cmd === 0).length === 2);
  });

  test("leaves the printer alone while pushes come", async () => {
    await bench.connect();
    await ready();
    for (let second = 0; second < 12; second += 1) {
      await bench.push();
      await bench.clock.advance(1000);
    }
    assert.equal(bench.stub.commands().filter((cmd) => cmd === 0).length, 1);
  });

  test("sends the bare word ping before the printer would drop a silent socket", async () => {
    await bench.connect();
    await bench.clock.advance(20_000);
    await until(() => bench.stub.words.length === 1);
  });

  test("gives up a link that went wholly silent", async () => {
    const session = await bench.connect();
    await ready();
    bench.stub.socket?.removeAllListeners("message");
    await bench.clock.advance(70_000);
    assert.equal((await session.ended).code, "timeout");
  });

  test("ends when the printer drops the socket", async () => {
    const session = await bench.connect();
    bench.stub.socket?.terminate();
    assert.equal((await session.ended).code, "unreachable");
  });

  test("survives frames that do not decode, are no UTF-8 or are cut off, and tells them rarely", async () => {
    const told: LogFields[] = [];
    await bench.connect({}, { ...silentLog, warn: (_message, fields = {}) => void told.push(fields) });
    const { stub, clock } = bench;
    for (let round = 0; round < 5; round += 1) {
      stub.socket?.send("{");
      stub.socket?.send('{"Status":{"CurrentStatus":[1],"PrintInfo":{"Sta');
      stub.socket?.send(Buffer.from([0, 1, 2]));
      stub.socket?.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false });
      await bench.push();
    }
    assert.deepEqual(
      told.map(({ count }) => count),
      [1],
    );
    for (let minute = 0; minute < 2; minute += 1) {
      for (let part = 0; part < 4; part += 1) {
        await bench.push();
        await clock.advance(15_100);
      }
      stub.socket?.send("{");
      await bench.push();
    }
    assert.deepEqual(
      told.map(({ count }) => count),
      [1, 16],
      "the second is told after a minute, the third not before two more",
    );
  });

  test("reads a file name in another encoding, and a frame of megabytes", async () => {
    await bench.connect();
    const start = Buffer.from('{"Status":{"CurrentStatus":[1],"PrintInfo":{"Status":13,"Filename":"');
    const end = Buffer.from(`"}},"Other":"${"x".repeat(20 * 1024 * 1024)}"}`);
    bench.stub.socket?.send(Buffer.concat([start, Buffer.from([0xb2, 0xe2]), end]), { binary: false });
    await until(() => bench.readings.at(-1)?.phase === "printing");
  });

  test("ends in words when a frame is larger than anything a printer sends", async () => {
    const session = await bench.connect();
    bench.stub.socket?.send("x".repeat(33 * 1024 * 1024));
    const { code, message } = await session.ended;
    assert.deepEqual([code, /32 MiB/u.test(message)], ["protocol", true]);
  });

  test("holds the next try back when all five slots are taken", async () => {
    bench.stub.refuse = "too many client";
    await assert.rejects(bench.connect(), { code: "unreachable", retryAfterMs: 30_000 });
  });

  test("refuses another printer at the same address", async () => {
    await assert.rejects(bench.passing(bench.connect({ mainboard_id: "ffff" })), { code: "printer_refused" });
  });

  test("gives up a printer that takes the socket and tells nothing", async () => {
    bench.stub.acks = { 0: null, 1: null };
    const opening = assert.rejects(bench.connect(), { code: "timeout" });
    await until(() => bench.stub.sent.length === 2);
    await bench.clock.advance(15_000);
    await opening;
    assert.equal(bench.clock.pending, 0);
  });

  test("tells what the attributes say: free storage, a stick, viewers of the camera", async () => {
    bench.stub.attributes = {
      RemainingMemory: 1234,
      UsbDiskStatus: 1,
      NumberOfVideoStreamConnected: 1,
      MaximumVideoStreamAllowed: 1,
    };
    await bench.connect();
    await until(() => bench.readings.at(-1)?.storages.length === 2);
    const { storages, connections } = bench.session.readings;
    assert.deepEqual(
      storages.map(({ id, freeBytes }) => [id, freeBytes]),
      [
        ["local", 1234],
        ["usb", null],
      ],
    );
    assert.deepEqual(connections, [
      { id: "control", used: 1, allowed: 5 },
      { id: "camera", used: 1, allowed: 1 },
    ]);
  });

  test("tells of an interrupted job until the printer says that there is none any more", async () => {
    bench.stub.acks = { 134: 1 };
    await bench.connect();
    await until(() => bench.session.readings.faults.some(({ code }) => code === "134"));
    assert.match(bench.session.readings.faults[0]?.text ?? "", /resumed/u);
    bench.stub.acks = {};
    const gone = until(() => bench.session.readings.faults.length === 0);
    await bench.passing(gone);
    assert.ok(!bench.stub.commands().includes(135));
  });

  test("dispose with a command in flight ends it, closes the socket and leaves no wait behind", async () => {
    bench.stub.currentStatus = [1];
    bench.stub.subStatus = 13;
    const session = await bench.connect();
    bench.stub.acks = { 129: null };
    const pausing = assert.rejects(async () => session.handlers.pause?.({}, { signal: bench.signal }), {
      code: "aborted",
    });
    await until(() => bench.stub.commands().includes(129));
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await pausing;
    await until(() => bench.stub.socket?.readyState === 3);
    assert.equal(bench.clock.pending, 0);
  });
});
