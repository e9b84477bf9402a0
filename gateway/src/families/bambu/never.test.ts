import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isFull, merge } from "./merge.ts";
import { SessionBench } from "./session-bench.ts";
import { readState } from "./state/state.ts";
import { fullReport, serial } from "./test-broker.ts";
import { viewOf } from "./view-bench.ts";

const noSignal = new AbortController().signal;

describe("what a client of Bambu's must never do", { timeout: 60_000 }, () => {
  test("1: ask a P1 for a full report more often than every five minutes, by whatever is asked", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    assert.equal(bench.broker.count("pushing", "pushall"), 1);
    for (let asked = 0; asked < 5; asked += 1) assert.equal(session.pushAll(), false);
    await session.handlers.refresh?.({}, { signal: noSignal }).catch(() => undefined);
    bench.broker.push({ gcode_state: "PREPARE" });
    await bench.broker.until(() => bench.state.phase === "preparing");
    assert.equal(bench.broker.count("pushing", "pushall"), 1);
    for (let minute = 0; minute < 10; minute += 1) {
      await bench.clock.advance(30_000);
      bench.broker.push({ wifi_signal: `-${30 + minute}dBm` });
      await bench.broker.until(() => bench.state.signalDbm === -30 - minute, 1);
    }
    assert.equal(session.pushAll(), true);
    assert.equal(session.pushAll(), false);
  });

  test("1, 3: connect again and again, each time with a full report", async () => {
    await using bench = new SessionBench();
    for (let tries = 0; tries < 5; tries += 1) await (await bench.open())[Symbol.asyncDispose]();
    await assert.rejects(bench.open(), { code: "unreachable", message: /left alone/u });
    assert.equal(bench.broker.connections, 5);
  });

  test("2: hold more than one connection, whatever is asked", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    await session.request("print", "pause", {}, { signal: noSignal });
    await session.handlers.getReport?.({}, { signal: noSignal });
    assert.equal(bench.broker.connections, 1);
  });

  for (const connack of [4, 5]) {
    test(`3: come back soon after the access code was refused (CONNACK ${connack})`, async () => {
      await using bench = new SessionBench();
      bench.broker.connack = connack;
      const refused = await bench.open().catch((error: { code: string; retryAfterMs: number }) => error);
      assert.ok("retryAfterMs" in refused && refused.retryAfterMs >= 300_000);
      assert.equal("code" in refused && refused.code, "printer_auth");
      assert.equal(bench.broker.connections, 1);
    });
  }

  test("4: replay a command after the connection broke without its acknowledgement", async () => {
    await using bench = new SessionBench();
    const first = await bench.open();
    bench.broker.acknowledges = false;
    bench.broker.answers = { project_file: null };
    const asked = first.request("print", "project_file", { url: "x" }, { signal: noSignal });
    await bench.broker.until(() => bench.broker.count("print", "project_file") === 1);
    bench.broker.drop();
    assert.equal(await asked, undefined);
    assert.equal((await first.ended).code, "unreachable");
    await first[Symbol.asyncDispose]();
    bench.broker.acknowledges = true;
    const second = await bench.open();
    await second.request("print", "pause", {}, { signal: noSignal });
    assert.deepEqual(
      bench.broker.published.filter(({ connection }) => connection === 2).map(({ command }) => command),
      ["get_version", "pushall", "pause"],
    );
    assert.notEqual(bench.broker.log[0], bench.broker.log[2]);
    assert.equal(bench.broker.count("print", "project_file"), 1);
  });

  test("7: take a PUBACK or silence for a success", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    bench.broker.answers = { pause: null, resume: { result: undefined } };
    let reply: unknown = "waiting";
    void session.request("print", "pause", {}, { signal: noSignal }).then((given) => (reply = given));
    await bench.broker.until(() => reply !== "waiting");
    assert.equal(reply, undefined);
    assert.equal((await session.request("print", "resume", {}, { signal: noSignal }))?.result, null);
    assert.equal(bench.state.phase, "idle");
  });

  test("8: merge replies into the status, or lose what a delta does not name", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    bench.broker.send({ print: { command: "extrusion_cali_get", sequence_id: "1", nozzle_diameter: "0.8" } });
    bench.broker.push({ ams: { tray_now: "255" } });
    await bench.broker.until(() => bench.state.materials.every(({ active }) => active !== true));
    assert.equal(session.report()["nozzle_diameter"], "0.4");
    assert.equal(bench.state.materials.length, 5);
    assert.equal(bench.state.materials[0]?.type, "PLA");
  });

  test("9: throw on values of the wrong type", () => {
    const before = fullReport();
    for (const odd of [null, "x", -1, 1e300, [], [null], {}, { id: {} }, true]) {
      for (const key of Object.keys(before)) {
        const report = merge(before, { command: "push_status", msg: 1, [key]: odd });
        assert.ok(typeof readState(viewOf({ report })).phase === "string");
      }
    }
  });

  test("10: show a constant as a chamber, an unknown rest as empty, or a resting stage as printing", () => {
    const state = readState(viewOf({ report: fullReport({ gcode_state: "IDLE", stg_cur: 0 }) }));
    assert.equal(state.chamber, null);
    assert.equal(state.phase, "idle");
    assert.equal(state.stage, null);
    const ams = { ams: [{ id: "0", tray: [{ id: "0", remain: -1, tray_type: "PLA", tag_uid: "A1" }] }] };
    const [slot] = readState(viewOf({ report: { ams } })).materials;
    assert.equal(slot?.remainingRatio, null);
  });

  test("11: read long bit fields with 32 bits", () => {
    const open = readState(viewOf({ code: "O1D", report: { stat: "4000800000" } }));
    assert.equal(open.doorOpen, true);
    assert.equal(readState(viewOf({ code: "O1D", report: { stat: "4000000000" } })).doorOpen, false);
    const refill = { cfg: "F00000040000", ams: { ams: [{ id: "0", tray: [] }] } };
    assert.equal(readState(viewOf({ code: "O1D", report: refill })).autoRefill, true);
  });

  test("12: log or give out the access code or serial numbers of parts", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    const reply = { command: "get_access_code", sequence_id: "20000", access_code: "CODE1234", result: "success" };
    bench.broker.send({ system: reply });
    bench.broker.send("{CODE1234");
    bench.broker.push({ wifi_signal: "-33dBm" });
    await bench.broker.until(() => bench.state.signalDbm === -33);
    const shown = JSON.stringify([await session.handlers.getReport?.({}, { signal: noSignal }), bench.readings]);
    for (const secret of ["CODE1234", "SECRET-OTA-SN", "SECRET-AMS-SN"]) {
      assert.ok(!shown.includes(secret), secret);
      assert.ok(!bench.logged.join("\n").includes(secret), secret);
    }
  });

  test("13: ask for the access code or flash firmware", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    for (const [type, command] of [
      ["system", "get_access_code"],
      ["upgrade", "start"],
      ["upgrade", "upgrade_confirm"],
    ] as const) {
      await assert.rejects(session.request(type, command, {}, { signal: noSignal }), { code: "forbidden" });
    }
    assert.deepEqual(bench.broker.commands("system"), []);
    assert.deepEqual(bench.broker.commands("upgrade"), []);
  });

  test("18: subscribe to the topic of requests", async () => {
    await using bench = new SessionBench();
    await bench.open();
    const subscribed = bench.broker.log.filter((line) => line.startsWith("SUBSCRIBE"));
    assert.deepEqual(subscribed, [`SUBSCRIBE device/${serial}/report`]);
  });

  test("use a delta before there was a full report", async () => {
    await using bench = new SessionBench();
    bench.broker.report = null;
    const opening = bench.open();
    await bench.broker.until(() => bench.broker.count("pushing", "pushall") === 1);
    bench.broker.push({ gcode_state: "RUNNING", layer_num: 4 });
    bench.broker.push(fullReport({ gcode_state: "IDLE", msg: 0 }));
    await opening;
    assert.deepEqual(
      bench.readings.map(({ phase }) => phase),
      ["idle"],
    );
    assert.equal(isFull({ msg: 1, gcode_state: "RUNNING" }), false);
  });
});
