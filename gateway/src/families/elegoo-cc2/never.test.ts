// What a client of this printer must never do: each tried, and the wire stays still.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commandNames, type CommandName } from "../../model/commands.ts";
import { Bench } from "./test-bench.ts";
import { canvasResult, idleStatus, printingStatus } from "./test-printer.ts";
import { commands } from "../../model/commands.ts";

const timeout = 90_000;

/** Asks, expects a refusal before anything is sent, and gives its message. */
async function refused(bench: Bench, name: CommandName, input: unknown, code: string): Promise<void> {
  const before = bench.printer.sent.length;
  const handler = bench.session.handlers[name] as (input: unknown, options: object) => Promise<unknown>;
  const file = { path: "/nowhere", sizeBytes: 10, md5: "0".repeat(32) };
  await assert.rejects(handler(input, { signal: bench.signal, file }), (error: { code: string; message: string }) => {
    assert.equal(error.code, code, `${name} ${JSON.stringify(input)}: ${error.message}`);
    return true;
  });
  assert.equal(bench.printer.sent.length, before, `${name} ${JSON.stringify(input)} was sent`);
}

describe("refused before anything is sent", { timeout }, () => {
  test("values out of range and parts the printer does not have", async () => {
    await using bench = new Bench();
    await bench.open();
    await bench.settle();
    const table: [CommandName, unknown][] = [
      ["setHeaterTarget", { heater: "nozzle0", targetCelsius: 301 }],
      ["setHeaterTarget", { heater: "bed", targetCelsius: 111 }],
      ["setHeaterTarget", { heater: "chamber", targetCelsius: 40 }],
      ["setHeaterTarget", { heater: "nozzle1", targetCelsius: 40 }],
      ["setFanSpeed", { fan: "nozzle", speedRatio: 0 }],
      ["setFanSpeed", { fan: "board", speedRatio: 0 }],
      ["setFanSpeed", { fan: "toString", speedRatio: 1 }],
      ["setSpeed", { mode: "warp" }],
      ["setSpeed", { speedRatio: 1.3 }],
      ["setLight", { light: "logo", on: true }],
      ["jog", { axis: "z", distanceMillimeters: 11 }],
      ["jog", { axis: "x", distanceMillimeters: -51 }],
      ["start", { file: "../../etc/passwd", levelBed: false, timelapse: false }],
      ["start", { file: "cube.3mf", levelBed: false, timelapse: false }],
      ["start", { file: "cube.gcode", levelBed: false, timelapse: false, plate: "C" }],
      ["deleteFile", { file: "a/../../b.gcode" }],
      ["deleteFile", { file: "system.conf" }],
      ["getThumbnail", { file: "a\u0000.gcode" }],
      ["uploadFile", { file: "folder/cube.gcode" }],
      ["uploadFile", { file: "u-disk/cube.gcode" }],
      ["uploadFile", { file: "cube.stl" }],
    ];
    for (const [name, input] of table) await refused(bench, name, input, "invalid_input");
  });

  test("moves beyond the travel, and of axes that are not homed", async () => {
    await using bench = new Bench();
    bench.printer.status = { ...idleStatus(), gcode_move: { x: 250, y: 260, z: 0 }, tool_head: { homed_axes: "xyz" } };
    await bench.open();
    await refused(bench, "jog", { axis: "x", distanceMillimeters: 7 }, "invalid_input");
    await refused(bench, "jog", { axis: "y", distanceMillimeters: 7 }, "invalid_input");
    await refused(bench, "jog", { axis: "z", distanceMillimeters: -3 }, "invalid_input");
    bench.printer.push({ tool_head: { homed_axes: "x" } });
    await bench.printer.pass(500);
    await refused(bench, "jog", { axis: "z", distanceMillimeters: 1 }, "wrong_phase");
  });

  test("moves, starts and uploads while a job runs, and deleting its file", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    await bench.open();
    await bench.settle();
    await refused(bench, "home", { axes: ["x"] }, "wrong_phase");
    await refused(bench, "jog", { axis: "x", distanceMillimeters: 1 }, "wrong_phase");
    await refused(bench, "start", { file: "a.gcode", levelBed: false, timelapse: false }, "wrong_phase");
    await refused(bench, "uploadFile", { file: "a.gcode" }, "wrong_phase");
    await refused(bench, "deleteFile", { file: "bracket.gcode" }, "wrong_phase");
    await refused(bench, "deleteFile", { file: "folder/bracket.gcode" }, "wrong_phase");
  });

  for (const status of [0, 3, 5, 9, 10, 11, 12, 14, 15, 99]) {
    test(`a start, a move and an upload in machine status ${status}`, async () => {
      await using bench = new Bench();
      bench.printer.status = { ...idleStatus(), machine_status: { status, sub_status: 0 } };
      await bench.open();
      await refused(bench, "start", { file: "a.gcode", levelBed: false, timelapse: false }, "wrong_phase");
      await refused(bench, "home", { axes: ["x"] }, "wrong_phase");
      await refused(bench, "uploadFile", { file: "a.gcode" }, "wrong_phase");
    });
  }

  test("a speed mode while there is no job", async () => {
    await using bench = new Bench();
    await bench.open();
    await refused(bench, "setSpeed", { mode: "sport" }, "wrong_phase");
  });

  test("a file that is larger than the room that is left", async () => {
    await using bench = new Bench();
    bench.printer.results[1048] = { total_bytes: 1000, used_bytes: 995 };
    await bench.open();
    await bench.printer.until(() => bench.last?.storages.length === 1);
    await bench.printer.pass(3000);
    await refused(bench, "uploadFile", { file: "a.gcode" }, "storage_full");
  });
});

describe("a start is never made", { timeout }, () => {
  const start = commands.start.input.parse({ file: "bracket.gcode" });
  const slots = (...list: [number, string, string][]): unknown => ({
    ...start,
    slots: list.map(([tool, unit, slot]) => ({ tool, unit, slot })),
  });

  test("of a file that the printer does not confirm", async () => {
    await using bench = new Bench();
    bench.printer.errors[1046] = 1021;
    await bench.open();
    await assert.rejects(bench.ask("start", start), { code: "not_found" });
    bench.printer.errors = {};
    bench.printer.silent = new Set([1046]);
    await assert.rejects(bench.ask("start", start), { code: "timeout" });
    assert.equal(bench.printer.count(1020), 0);
  });

  test("with a filament mapping that nobody gave, or that leads nowhere", async () => {
    await using bench = new Bench();
    const color_map = [{ t: 0 }, { t: 1 }];
    bench.printer.results = { 1046: { filename: "bracket.gcode", color_map }, 2005: canvasResult() };
    await bench.open();
    await bench.settle();
    for (const input of [
      start,
      slots([0, "0", "1"]),
      slots([0, "0", "1"], [1, "0", "2"]), // the slot is empty
      slots([0, "0", "1"], [1, "0", "7"]),
      slots([0, "0", "1"], [1, "1", "0"]),
      slots([0, "0", "1"], [0, "0", "0"]),
      slots([0, "0", "1"], [1, "0", "0"], [2, "0", "3"]),
    ]) {
      await assert.rejects(bench.ask("start", input), { code: "invalid_input" }, JSON.stringify(input));
    }
    assert.equal(bench.printer.count(1020), 0);
  });

  test("without filament", async () => {
    await using bench = new Bench();
    bench.printer.status = { ...idleStatus(), extruder: { filament_detect_enable: 1, filament_detected: 0 } };
    bench.printer.results[1046] = { filename: "bracket.gcode" };
    await bench.open();
    await assert.rejects(bench.ask("start", start), { code: "wrong_phase", message: /filament/u });
    assert.equal(bench.printer.count(1020), 0);
  });

  test("when the printer got busy while the file was looked up", async () => {
    await using bench = new Bench();
    bench.printer.silent.add(1046);
    const session = await bench.open();
    const starting = assert.rejects(async () => session.handlers.start?.(start, { signal: bench.signal }), {
      code: "wrong_phase",
    });
    await bench.printer.until(() => bench.printer.count(1046) === 1);
    bench.printer.machine(2, 1045);
    await bench.printer.until(() => bench.last?.phase === "preparing");
    const id = bench.printer.idOf(1046);
    bench.printer.publish(bench.printer.responseTopic, { id, method: 1046, result: { error_code: 0 } });
    await starting;
    assert.equal(bench.printer.count(1020), 0);
  });
});

describe("on the wire", { timeout }, () => {
  test("nothing is published but on the client's own topics, and answers elsewhere are not acted on", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    const session = await bench.open();
    bench.printer.silent = new Set([1021]);
    const pausing = session.handlers.pause?.({}, { signal: bench.signal });
    await bench.printer.until(() => bench.printer.count(1021) === 1);
    const id = bench.printer.idOf(1021);
    const foreign = bench.printer.responseTopic.replace(/1_PC_\d+/u, "1_PC_0001");
    for (const topic of [foreign, bench.printer.statusTopic, `${foreign}/x`]) {
      bench.printer.publish(topic, { id, method: 1021, result: { error_code: 1010 } });
    }
    bench.printer.publish(foreign, { id: 1, method: 6000, result: { machine_status: { status: 14 } } });
    await bench.printer.pass(2000);
    assert.notEqual(bench.last?.phase, "failed");
    bench.printer.publish(bench.printer.responseTopic, { id, method: 1021, result: { error_code: 0 } });
    assert.deepEqual(await pausing, { outcome: "acknowledged" });
    assert.ok(bench.printer.sent.every(({ topic }) => topic === bench.printer.requestTopic));
  });

  test("half an hour of idleness sends reads only, none that this firmware leaves unanswered more than twice", async () => {
    await using bench = new Bench();
    bench.printer.silent = new Set([2005, 1048]);
    await bench.open();
    await bench.printer.until(() => bench.clock.monotonic() > 1_800_000, 5000);
    const sent = new Set(bench.printer.methods());
    assert.deepEqual(
      [...sent].toSorted((a, b) => a - b),
      [1001, 1002, 1048, 2005],
    );
    assert.ok(bench.printer.count(1048) <= 2 && bench.printer.count(2005) <= 2);
  });

  test("no handler exists for what the printer cannot or must not be asked", async () => {
    await using bench = new Bench();
    const { handlers } = await bench.open();
    const absent = new Set(commandNames.filter((name) => handlers[name] === undefined));
    for (const name of ["sendGcode", "runMacro", "emergencyStop", "downloadFile"] as const) assert.ok(absent.has(name));
  });

  test("an upload that was refused its access code is not tried with it again", async () => {
    await using bench = new Bench();
    await bench.open();
    bench.session.options.memory.codeRefused = true;
    const folder = await mkdtemp(join(tmpdir(), "cc2-"));
    const path = join(folder, "a.gcode");
    await writeFile(path, "G28\n");
    await assert.rejects(bench.ask("uploadFile", { file: "a.gcode" }, { path, sizeBytes: 4, md5: "0".repeat(32) }), {
      code: "printer_auth",
    });
    await rm(folder, { recursive: true });
  });
});
