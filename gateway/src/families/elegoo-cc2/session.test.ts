import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "./connect.ts";
import { Bench } from "./test-bench.ts";
import { canvasResult, idleStatus, printingStatus, serial } from "./test-printer.ts";

const timeout = 60_000;

describe("a session", { timeout }, () => {
  test("subscribes, registers, then asks for status and attributes", async () => {
    await using bench = new Bench();
    const session = await bench.open();
    assert.deepEqual(bench.printer.log.slice(0, 4), [
      "CONNECT Ab12Cd",
      "SUBSCRIBE api_response api_status register_response",
      "api_register",
      "1002",
    ]);
    assert.deepEqual(bench.printer.methods(), [1002, 1001]);
    assert.equal(session.readings.phase, "idle");
    assert.deepEqual(bench.identities, [{ model: "Centauri Carbon 2", firmware: "02.01.00.00", serial }]);
    assert.ok(bench.has.has("files"));
  });

  test("tells the five fans, the chamber and the connections that the printer allows", async () => {
    await using bench = new Bench();
    const { readings } = await bench.open();
    assert.deepEqual(
      readings.fans.map(({ id, speedRatio }) => [id, speedRatio]),
      [
        ["part", 0],
        ["aux", 0.5],
        ["chamber", 0],
        ["nozzle", 1],
        ["board", 0],
      ],
    );
    assert.deepEqual(readings.chamber, { actualCelsius: 26, targetCelsius: null });
    assert.deepEqual(readings.connections[1], { id: "camera", used: 0, allowed: 1 });
  });

  test("pings every ten seconds while nothing else happens", async () => {
    await using bench = new Bench();
    await bench.open();
    const before = bench.printer.pings;
    await bench.printer.pass(60_000);
    assert.ok(bench.printer.pings - before >= 5, `${bench.printer.pings - before}`);
  });

  test("ends when neither PONG nor anything else came for 65 s", async () => {
    await using bench = new Bench();
    const session = await bench.open();
    bench.printer.mute = true;
    let code = "";
    void session.ended.then((error) => (code = error.code));
    await bench.printer.until(() => code !== "");
    assert.equal(code, "timeout");
  });

  test("ends with words when the printer closes the connection", async () => {
    await using bench = new Bench();
    const session = await bench.open();
    bench.printer.drop();
    assert.equal((await session.ended).code, "unreachable");
  });

  test("says goodbye, leaves no timer, and registers anew next time under the same name", async () => {
    await using bench = new Bench();
    const session = await bench.open();
    await Promise.all([session[Symbol.asyncDispose](), session[Symbol.asyncDispose]()]);
    await bench.printer.until(() => bench.printer.log.includes("DISCONNECT"));
    assert.equal(bench.clock.pending, 0);
    const topic = bench.printer.responseTopic;
    await bench.open();
    assert.equal(bench.printer.log.filter((entry) => entry === "api_register").length, 2);
    assert.equal(bench.printer.responseTopic, topic);
  });

  test("says goodbye also when an answer to its last word never comes", async () => {
    await using bench = new Bench();
    const session = await bench.open();
    bench.printer.silent.add(1021);
    const pausing = assert.rejects(async () => session.handlers.pause?.({}, { signal: bench.signal }), {
      code: "aborted",
    });
    await bench.printer.until(() => bench.printer.count(1021) === 1);
    await session[Symbol.asyncDispose]();
    await pausing;
    await bench.printer.until(() => bench.printer.log.includes("DISCONNECT"));
  });
});

describe("what the printer pushes", { timeout }, () => {
  test("is merged, and each state is told though it lived for one push", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    await bench.open();
    bench.readings.length = 0;
    bench.printer.machine(2, 2077, { progress: 100 });
    bench.printer.machine(1, 0);
    await bench.printer.until(() => bench.last?.job === null);
    const told = bench.readings.map(({ phase, job }) => `${phase} ${job?.file ?? "-"}`);
    assert.deepEqual([...new Set(told)], ["finished bracket.gcode", "finished -"]);
  });

  test("while the session is being opened is told once it is open, each in its order", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    const opening = bench.connect();
    await bench.printer.until(() => bench.printer.count(1002) === 1, 0);
    bench.printer.machine(2, 2077);
    bench.printer.machine(1, 0);
    await bench.printer.until(() => bench.printer.count(1001) === 1);
    await opening;
    assert.deepEqual(
      bench.readings.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]),
      ["printing", "finished"],
    );
  });

  test("comes twice, on two topics, and is taken once", async () => {
    await using bench = new Bench();
    await bench.open();
    bench.readings.length = 0;
    bench.printer.machine(2, 1045);
    bench.printer.machine(2, 2075);
    await bench.printer.until(() => bench.last?.phase === "printing");
    const phases = bench.readings.map(({ phase }) => phase);
    assert.deepEqual(
      phases.filter((phase, index) => phase !== phases[index - 1]),
      ["preparing", "printing"],
    );
  });

  test("with five gaps in a row makes the session ask for the whole status", async () => {
    await using bench = new Bench();
    await bench.open();
    await bench.settle();
    const before = bench.printer.count(1002);
    for (const id of [200, 300, 400, 500, 600, 700]) bench.printer.push({ led: { status: id % 200 ? 0 : 1 } }, id);
    await bench.printer.until(() => bench.printer.count(1002) === before + 1);
  });

  test("that does not decode is survived and logged once", async () => {
    await using bench = new Bench();
    await bench.open();
    const topic = bench.printer.statusTopic;
    for (let index = 0; index < 20; index += 1) {
      bench.printer.publish(topic, "{ half");
      bench.printer.publish(topic, Buffer.from([0xff, 0xfe, 0x00]));
      bench.printer.publish(topic, `{"method":6000,"result":${"[".repeat(50_000)}`);
    }
    bench.printer.publish(topic, Buffer.alloc(9 * 1024 * 1024, 0x20));
    bench.printer.push({ led: { status: 0 } });
    await bench.printer.until(() => bench.last?.lights[0]?.on === false);
    assert.deepEqual(bench.warnings, ["the printer sent what does not decode"]);
  });

  test("ends the session, and nothing else, when it is no MQTT at all", async () => {
    await using bench = new Bench();
    const session = await bench.open();
    bench.printer.write(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n and so on and on"));
    const { code } = await session.ended;
    assert.ok(code === "protocol" || code === "unreachable", code);
  });

  test("about a new name keeps what is known", async () => {
    await using bench = new Bench();
    await bench.open();
    bench.printer.publish(bench.printer.statusTopic, { id: 1, method: 6008, result: { video_connections: 1 } });
    await bench.printer.until(() => bench.last?.connections[1]?.used === 1);
    assert.equal(bench.identities.at(-1)?.model, "Centauri Carbon 2");
  });
});

describe("what a session asks by itself", { timeout }, () => {
  test("Canvas and disk once connected, the layers of the file once per job", async () => {
    await using bench = new Bench();
    bench.printer.status = { ...printingStatus(), external_device: { type: "0303" } };
    bench.printer.results = {
      1046: { filename: "bracket.gcode", TotalLayers: 180 },
      1048: { total_bytes: 1000, used_bytes: 400 },
      2005: canvasResult(),
    };
    await bench.open();
    await bench.printer.until(() => bench.last?.storages.length === 1 && bench.last.job?.layers === 180);
    assert.deepEqual(bench.last?.storages[0], { id: "local", usedBytes: 400, freeBytes: 600, sizeBytes: 1000 });
    assert.equal(bench.last?.autoRefill, true);
    assert.deepEqual(
      bench.last?.materials.map(({ active, colorHex }) => [active, colorHex]),
      [
        [false, "#1E6B3A"],
        [true, "#1E6B3A"],
        [false, null],
        [false, "#1E6B3A"],
      ],
    );
    assert.ok(bench.has.has("autoRefill"));
    await bench.printer.pass(30_000);
    assert.equal(bench.printer.count(1046), 1);
  });

  test("how a job ended whose end was missed", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    const task = { task_id: "u-1", task_name: "bracket.gcode", begin_time: 1_760_000_000, task_status: 1 };
    bench.printer.results[1036] = { history_task_list: [task] };
    await bench.open();
    bench.printer.status = { ...idleStatus(), print_status: { filename: "bracket.gcode", state: "" } };
    bench.printer.machine(1, 0);
    await bench.printer.until(() => bench.last?.phase === "finished");
    assert.ok(bench.readings.every(({ phase }) => phase !== "idle"));
  });

  test("a method left unanswered twice is not asked again, and its capability goes", async () => {
    await using bench = new Bench();
    bench.printer.silent.add(1044);
    await bench.open();
    await bench.settle();
    for (let turn = 0; turn < 2; turn += 1) {
      await assert.rejects(bench.ask("listFiles"), { code: "timeout" });
      await bench.ask("refresh");
    }
    assert.equal(bench.has.has("files"), false);
    await assert.rejects(bench.ask("listFiles"), { code: "unsupported", message: /02\.01\.00\.00/u });
    assert.equal(bench.printer.count(1044), 2);
  });

  test("older firmware does not offer what it leaves unanswered", async () => {
    await using bench = new Bench();
    bench.printer.attributes = { ...bench.printer.attributes, software_version: { ota_version: "01.03.02.51" } };
    await bench.open();
    assert.equal(bench.has.has("files"), false);
    assert.ok(bench.has.has("upload") && bench.has.has("pause"));
  });

  test("the session gives up when three requests in a row stay unanswered", async () => {
    await using bench = new Bench();
    const session = await bench.open();
    await bench.settle();
    for (const method of [1001, 1002, 1048, 2005]) bench.printer.silent.add(method);
    let code = "";
    void session.ended.then((error) => (code = error.code));
    await bench.printer.until(() => code !== "", 1000);
    assert.equal(code, "timeout");
    assert.equal(bench.printer.log.filter((entry) => entry === "CONNECT Ab12Cd").length, 1);
  });

  test("an unregistered client is told so and connects again", async () => {
    await using bench = new Bench();
    const session = await bench.open();
    bench.printer.errors[1002] = 1000;
    await assert.rejects(bench.ask("refresh"));
    assert.match((await session.ended).message, /forgotten/u);
  });
});

/** The head at the filament chute, and back over the bed. */
const atChute = { gcode_move: { y: 264 } };
const overBed = { gcode_move: { y: 120 } };

describe("the speed mode", { timeout }, () => {
  test("that was asked for is shown at once, and set again once after a filament change", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    await bench.open();
    assert.deepEqual(await bench.ask("setSpeed", { mode: "sport" }), { outcome: "acknowledged" });
    assert.equal(bench.last?.speedMode, "sport");
    bench.printer.push({ gcode_move: { speed_mode: 1 } });
    bench.printer.push(atChute);
    await bench.printer.until(() => bench.last?.stage === "filament change");
    assert.equal(bench.printer.count(1031), 1);
    bench.printer.push(overBed);
    await bench.printer.until(() => bench.printer.count(1031) === 2);
    assert.deepEqual(bench.printer.sent.findLast(({ method }) => method === 1031)?.params, { mode: 2 });
    await bench.printer.pass(20_000);
    assert.equal(bench.printer.count(1031), 2);
    assert.equal(bench.last?.speedMode, "sport");
  });

  test("is never sent by itself when nobody asked for one", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    await bench.open();
    bench.printer.push(atChute);
    bench.printer.push(overBed);
    await bench.printer.pass(20_000);
    assert.equal(bench.printer.count(1031), 0);
  });

  test("is forgotten with its job", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    await bench.open();
    await bench.ask("setSpeed", { mode: "silent" });
    bench.printer.status = idleStatus();
    bench.printer.machine(2, 2504);
    bench.printer.machine(1, 0);
    await bench.printer.until(() => bench.last?.job === null);
    assert.notEqual(bench.last?.speedMode, "silent");
  });
});

describe("a printer that cannot be used", { timeout }, () => {
  test("that refuses the access code is told so once and not tried again", async () => {
    await using bench = new Bench();
    for (const connack of [5, 4]) {
      bench.printer.connack = connack;
      await assert.rejects(bench.open(), (error: { code: string; retryAfterMs: number; message: string }) => {
        assert.equal(error.code, "printer_auth");
        assert.ok(error.retryAfterMs > 3_600_000);
        assert.match(error.message, /access_code/u);
        assert.doesNotMatch(error.message, /Ab12Cd/u);
        return true;
      });
    }
    assert.deepEqual(bench.printer.log, ["CONNECT Ab12Cd"]);
  });

  test("with all slots taken is told with a time to wait, and told goodbye", async () => {
    await using bench = new Bench();
    bench.printer.registered = "too many clients";
    await assert.rejects(bench.open(), { code: "unreachable", retryAfterMs: 30_000, message: /close a slicer/u });
    await bench.printer.until(() => bench.printer.log.includes("DISCONNECT"));
    assert.deepEqual(bench.printer.methods(), []);
  });

  test("that registers nobody is asked twice and never asked anything else", async () => {
    await using bench = new Bench();
    bench.printer.registered = null;
    await assert.rejects(bench.open(), { code: "timeout" });
    assert.equal(bench.printer.log.filter((entry) => entry === "api_register").length, 2);
    assert.deepEqual(bench.printer.methods(), []);
  });

  test("that turns the connection away is left alone for a while", async () => {
    await using bench = new Bench();
    bench.printer.connack = 3;
    await assert.rejects(bench.open(), { code: "unreachable", retryAfterMs: 10_000 });
  });

  test("that is off is tried less often after some failures", async () => {
    await using bench = new Bench();
    const options = { signal: bench.signal, dataFolder: "unused", report: () => undefined, identify: () => undefined };
    const connection = { ...(await bench.reach()), port: 9 };
    const { clock } = bench;
    const log = { error() {}, warn() {}, info() {}, debug() {}, with: () => log };
    const waits: (number | undefined)[] = [];
    for (let failure = 0; failure < 6; failure += 1) {
      await connect({ ...options, connection, clock, log }).catch((error: { retryAfterMs?: number }) =>
        waits.push(error.retryAfterMs),
      );
    }
    assert.deepEqual(waits, [undefined, undefined, undefined, undefined, 30_000, 30_000]);
  });

  test("aborted while connecting, it closes what it opened", async () => {
    await using bench = new Bench();
    bench.printer.registered = null;
    const opening = bench.connect();
    await bench.printer.until(() => bench.printer.log.includes("api_register"));
    await bench[Symbol.asyncDispose]();
    await assert.rejects(opening);
    assert.equal(bench.clock.pending, 0);
  });
});
