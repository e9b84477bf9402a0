import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { PrinterError } from "../../model/errors.ts";
import { SessionBench } from "./session-bench.ts";
import { ownPair } from "./signing/signing-bench.ts";
import { fullReport, serial, versions } from "./test-broker.ts";

const noSignal = new AbortController().signal;
const pinOf = async ({ dataFolder, broker }: SessionBench): Promise<string> =>
  join(dataFolder, `certificate-${await broker.listen()}.sha256`);
const limits = { timeout: 60_000 };

describe("a session with a Bambu printer", limits, () => {
  test("knows versions and the whole state before it is given out", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    assert.equal(bench.state.phase, "idle");
    assert.deepEqual(bench.identity, { model: "Bambu Lab P1S", firmware: "01.07.00.00", serial });
    assert.equal(session.model.code, "C12");
    assert.match(bench.broker.log[0] ?? "", /^CONNECT gantry-[0-9a-f]{16} bblp CODE1234$/u);
    assert.deepEqual(bench.broker.log.slice(1), [`SUBSCRIBE device/${serial}/report`]);
    assert.ok(bench.has.has("materialUnits"));
  });

  test("tells each change that a delta brings, in the product's words", async () => {
    await using bench = new SessionBench();
    await bench.open();
    bench.broker.push({ gcode_state: "RUNNING", layer_num: 3, stg_cur: 0 });
    await bench.broker.until(() => bench.state.phase === "printing");
    assert.equal(bench.state.job?.layer, 3);
    assert.equal(bench.state.bed?.targetCelsius, 60);
  });

  test("survives what is no JSON, no UTF-8 or ends in NUL, and logs none of it", async () => {
    await using bench = new SessionBench();
    await bench.open();
    bench.broker.send("{ CODE1234 not json");
    bench.broker.send("null");
    bench.broker.send(Buffer.from([0xff, 0xfe, 0x00]));
    bench.broker.send('{"print":{"command":"push_status","msg":1,"gcode_file":"\ufffd.3mf","gcode_state":"FINISH"}}\0');
    await bench.broker.until(() => bench.state.phase === "finished");
    assert.equal(bench.logged.filter((line) => line.includes("does not decode")).length, 1);
    assert.ok(!bench.logged.join("\n").includes("CODE1234"));
  });

  test("asks for versions again until the printer knows its own, and when a part of it changed", async () => {
    await using bench = new SessionBench();
    bench.broker.versions = versions.map((module) => ({ ...module, sw_ver: "", sn: "" }));
    const opening = bench.open();
    await bench.broker.until(() => bench.broker.count("info", "get_version") >= 2);
    bench.broker.versions = versions;
    await opening;
    assert.equal(bench.identity?.firmware, "01.07.00.00");
    const before = bench.broker.count("info", "get_version");
    bench.broker.push({ online: { version: 90_212 } });
    await bench.broker.until(() => bench.broker.count("info", "get_version") > before);
  });

  test("says that the serial number may be wrong when the printer reports nothing", async () => {
    await using bench = new SessionBench();
    bench.broker.mute = true;
    await assert.rejects(bench.open(), { code: "timeout", message: /is `serial` right/u });
    assert.equal(bench.broker.count("pushing", "pushall"), 1);
    assert.equal(bench.broker.count("pushing", "start"), 1);
    assert.ok(bench.broker.log.includes("DISCONNECT"));
  });

  test("asks a silent printer to go on reporting, and ends when it does not", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    const ends: PrinterError[] = [];
    void session.ended.then((reason) => ends.push(reason));
    await bench.broker.until(() => bench.broker.count("pushing", "start") === 1, 1000);
    bench.broker.push({ wifi_signal: "-40dBm" });
    await bench.broker.until(() => bench.state.signalDbm === -40, 1);
    assert.equal(ends.length, 0);
    await bench.broker.until(() => ends.length > 0, 1000);
    assert.equal(bench.broker.count("pushing", "start"), 2);
    assert.deepEqual([ends[0]?.code, ends[0]?.retryAfterMs], ["timeout", 30_000]);
  });

  test("shows the file that another client started, since the printer says it once", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    const order = { url: "file:///sdcard/cache/gear box.gcode.3mf", param: "Metadata/plate_2.gcode" };
    const names = { subtask_name: "gear box", subtask_id: "771", command: "project_file", sequence_id: "9" };
    bench.broker.send({ print: { ...order, ...names, result: "success" } });
    bench.broker.push({ gcode_state: "PREPARE", gcode_file: "", layer_num: 0 });
    bench.broker.push({ subtask_name: "gear box", subtask_id: "771" });
    await bench.broker.until(() => bench.state.job?.file === "cache/gear box.gcode.3mf");
    assert.equal(bench.state.job?.id, "771");
    assert.equal(session.orderedPlate, 2);
  });

  test("tells a cancelled job from a failed one by the code that stands for a second", async () => {
    await using bench = new SessionBench();
    bench.broker.report = fullReport();
    await bench.open();
    bench.broker.push({ print_error: 0x0300_400c });
    await bench.broker.until(() => bench.state.phase === "stopping");
    bench.broker.push({ print_error: 0, gcode_state: "FAILED", mc_percent: 0 });
    await bench.broker.until(() => bench.state.phase === "stopped");
    assert.equal(bench.state.faults.length, 0);
    bench.broker.push({ gcode_state: "PREPARE" });
    bench.broker.push({ gcode_state: "FAILED", print_error: 0x0500_4003 });
    await bench.broker.until(() => bench.state.phase === "failed");
    assert.equal(bench.state.faults[0]?.code, "0500_4003");
  });

  test("gives undefined for a request that stays silent, and the reply of one that does not", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    bench.broker.answers = { pause: null, resume: { result: "FAIL", reason: "not now" } };
    let silent: unknown = "waiting";
    void session.request("print", "pause", { param: "" }, { signal: noSignal }).then((reply) => (silent = reply));
    await bench.broker.until(() => silent === undefined);
    const reply = await session.request("print", "resume", { param: "" }, { signal: noSignal });
    assert.deepEqual([reply?.result, reply?.reason], ["fail", "not now"]);
    assert.ok(bench.broker.published.filter(({ type }) => type === "print").every(({ qos }) => qos === 1));
  });

  test("does not take a report for the reply that has its number", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    bench.broker.answers = { pause: null };
    const replies: unknown[] = [];
    void session.request("print", "pause", {}, { signal: noSignal }).then((reply) => replies.push(reply?.result));
    await bench.broker.until(() => bench.broker.count("print", "pause") === 1);
    const { sequence_id: number } = bench.broker.published.at(-1)?.body ?? {};
    bench.broker.push({ sequence_id: number, result: "success" });
    await bench.broker.until(() => bench.readings.length > 1);
    assert.equal(replies.length, 0);
    bench.broker.send({ print: { command: "pause", sequence_id: Number(number), result: "SUCCESS" } });
    await bench.broker.until(() => replies.length > 0, 1);
    assert.deepEqual(replies, ["success"]);
  });

  test("fails what is under way when it is disposed, waits for nothing and leaves no timer", async () => {
    await using bench = new SessionBench();
    const session = await bench.open();
    bench.broker.acknowledges = false;
    bench.broker.answers = { pause: null };
    const asked = session.request("print", "pause", {}, { signal: noSignal });
    const seen = session.until(() => false, { signal: noSignal, timeoutMs: 1e6 });
    await bench.broker.until(() => bench.broker.count("print", "pause") === 1);
    await Promise.all([session[Symbol.asyncDispose](), session[Symbol.asyncDispose]()]);
    assert.deepEqual([await asked, await seen, (await session.ended).code], [undefined, false, "aborted"]);
    assert.equal(bench.clock.pending, 0);
    await assert.rejects(session.request("print", "stop", {}, { signal: noSignal }), { code: "unreachable" });
  });

  test("is closed when it is aborted while it opens", async () => {
    await using bench = new SessionBench();
    bench.broker.mute = true;
    const opening = bench.open();
    await bench.broker.until(() => bench.broker.count("pushing", "pushall") === 1);
    bench.abort();
    await assert.rejects(opening, /enough/u);
    assert.equal(bench.clock.pending, 0);
  });
});

describe("the certificate of a Bambu printer", limits, () => {
  test("that another CA made is refused before the access code is said", async () => {
    await using bench = new SessionBench(ownPair);
    await assert.rejects(bench.open(), { code: "printer_auth", message: /not from the vendor/u });
    assert.deepEqual(bench.broker.log, []);
  });

  test("of another serial number is refused before the access code is said", async () => {
    await using bench = new SessionBench(ownPair);
    const own = { tls_ca: ownPair.certificatePem };
    await assert.rejects(bench.open(own), { code: "printer_auth", message: /another serial number/u });
    assert.deepEqual(bench.broker.log, []);
  });

  test("is pinned when first seen; a changed one is told and refused before the access code is said", async () => {
    await using before = new SessionBench();
    const session = await before.open({ tls: "pin" });
    await session[Symbol.asyncDispose]();
    const kept = await readFile(await pinOf(before), "utf8");
    await using after = new SessionBench(ownPair);
    after.dataFolder = before.dataFolder;
    await writeFile(await pinOf(after), kept);
    await assert.rejects(after.open({ tls: "pin" }), { code: "printer_auth", message: /has changed/u });
    assert.deepEqual(after.broker.log, []);
    assert.equal(await readFile(await pinOf(after), "utf8"), kept);
  });

  test("is not looked at with tls: insecure, and a warning says so", async () => {
    await using bench = new SessionBench(ownPair);
    await bench.open({ tls: "insecure" });
    assert.ok(bench.logged.some((line) => line.includes("not checked")));
  });
});
