import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CommandName } from "../../model/commands.ts";
import { Bench } from "./test-bench.ts";
import { canvasResult, idleStatus, printingStatus, type Sent } from "./test-printer.ts";

const timeout = 90_000;
const acknowledged = { outcome: "acknowledged" };
const unconfirmed = { outcome: "unconfirmed" };
const stored = {
  1046: { filename: "bracket.gcode", layer: 180, color_map: [{ color: "#1E6B3A", name: "PETG", t: 0 }] },
};
const slot = { tool: 0, unit: "0", slot: "1" };

function lastOf(bench: Bench, method: number): Sent | undefined {
  return bench.printer.sent.findLast((sent) => sent.method === method);
}

describe("what each command sends", { timeout }, () => {
  const idle: [CommandName, unknown, number, unknown][] = [
    ["setHeaterTarget", { heater: "nozzle0", targetCelsius: 220 }, 1028, { extruder: 220 }],
    ["setHeaterTarget", { heater: "bed", targetCelsius: 110 }, 1028, { heater_bed: 110 }],
    ["setFanSpeed", { fan: "part", speedRatio: 1 }, 1030, { fan: 255 }],
    ["setFanSpeed", { fan: "chamber", speedRatio: 0.5 }, 1030, { box_fan: 128 }],
    ["setLight", { light: "chamber", on: false }, 1029, { power: 0 }],
    ["home", { axes: ["z", "x"] }, 1026, { homed_axes: "xz" }],
    ["jog", { axis: "z", distanceMillimeters: -10 }, 1027, { axes: "z", distance: -10 }],
    ["setAutoRefill", { on: true }, 2004, { auto_refill: true }],
    ["deleteFile", { file: "old.gcode" }, 1047, { storage_media: "local", file_path: ["old.gcode"] }],
    ["deleteFile", { file: "u-disk/old.gcode" }, 1047, { storage_media: "u-disk", file_path: ["old.gcode"] }],
  ];
  test("while the printer is idle", async () => {
    await using bench = new Bench();
    await bench.open();
    for (const [name, input, method, params] of idle) {
      assert.deepEqual(await bench.ask(name, input), acknowledged, name);
      assert.deepEqual(lastOf(bench, method)?.params, params, name);
    }
  });

  test("while a job runs", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    await bench.open();
    const job: [CommandName, unknown, number, unknown][] = [
      ["setSpeed", { mode: "ludicrous" }, 1031, { mode: 3 }],
      ["pause", {}, 1021, {}],
      ["resume", {}, 1023, {}],
      ["stop", {}, 1022, {}],
    ];
    for (const [name, input, method, params] of job) {
      assert.deepEqual(await bench.ask(name, input), acknowledged, name);
      assert.deepEqual(lastOf(bench, method)?.params, params, name);
    }
    assert.equal(lastOf(bench, 1022)?.qos, 1);
  });

  test("a start, once the printer has confirmed the file", async () => {
    await using bench = new Bench();
    bench.printer.results = { ...stored, 2005: canvasResult() };
    await bench.open();
    await bench.settle();
    const input = { file: "bracket.gcode", levelBed: true, timelapse: true, slots: [slot] };
    assert.deepEqual(await bench.ask("start", input), acknowledged);
    assert.deepEqual(bench.printer.methods().slice(-2), [1046, 1020]);
    assert.deepEqual(lastOf(bench, 1020)?.params, {
      storage_media: "local",
      filename: "bracket.gcode",
      config: {
        delay_video: true,
        printer_check: true,
        print_layout: "A",
        bedlevel_force: false,
        slot_map: [{ t: 0, canvas_id: 0, tray_id: 1 }],
      },
    });
  });
});

describe("what the printer says", { timeout }, () => {
  test("no is told in words with its code", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    bench.printer.errors = { 1021: 1010, 1022: 4242 };
    await bench.open();
    await assert.rejects(bench.ask("pause"), { code: "printer_refused", message: /not printing.*1010/u });
    await assert.rejects(bench.ask("stop"), { code: "printer_refused", message: /4242/u });
    bench.printer.errors = { 1020: 1026 };
    bench.printer.results = stored;
    bench.printer.status = idleStatus();
    bench.printer.machine(2, 2504);
    bench.printer.machine(1, 0);
    await bench.printer.until(() => bench.last?.job === null);
    await assert.rejects(bench.ask("start", { file: "bracket.gcode", levelBed: false, timelapse: false, plate: "B" }), {
      code: "printer_refused",
      message: /side A/u,
    });
  });

  test("nothing to a lifecycle command: unconfirmed after 90 s and never repeated", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    await bench.open();
    bench.printer.silent = new Set([1021]);
    const before = bench.clock.monotonic();
    assert.deepEqual(await bench.ask("pause"), unconfirmed);
    assert.ok(bench.clock.monotonic() - before >= 90_000);
    await bench.printer.pass(30_000);
    assert.equal(bench.printer.count(1021), 1);
  });

  test("nothing because the connection broke: unconfirmed", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    const session = await bench.open();
    bench.printer.silent = new Set([1022]);
    const stopping = session.handlers.stop?.({}, { signal: bench.signal });
    await bench.printer.until(() => bench.printer.count(1022) === 1);
    bench.printer.drop();
    assert.deepEqual(await stopping, unconfirmed);
  });

  test("late, while the state is pushed meanwhile: acknowledged", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    const session = await bench.open();
    bench.printer.silent = new Set([1021]);
    const pausing = session.handlers.pause?.({}, { signal: bench.signal });
    await bench.printer.until(() => bench.printer.count(1021) === 1);
    await bench.printer.pass(60_000);
    bench.printer.machine(2, 2501);
    bench.printer.machine(2, 2502);
    await bench.printer.until(() => bench.last?.phase === "paused");
    const id = bench.printer.idOf(1021);
    bench.printer.publish(bench.printer.responseTopic, { id, method: 1021, result: { error_code: 0 } });
    assert.deepEqual(await pausing, acknowledged);
  });

  test("while one lifecycle command is on its way a second is refused, and only a stop waits", async () => {
    await using bench = new Bench();
    bench.printer.status = printingStatus();
    const session = await bench.open();
    bench.printer.silent = new Set([1023]);
    const resuming = session.handlers.resume?.({}, { signal: bench.signal });
    await bench.printer.until(() => bench.printer.count(1023) === 1);
    await assert.rejects(bench.ask("pause"), { code: "wrong_phase" });
    const stopping = session.handlers.stop?.({}, { signal: bench.signal });
    await bench.printer.pass(5000);
    assert.equal(bench.printer.count(1022), 0);
    const id = bench.printer.idOf(1023);
    bench.printer.publish(bench.printer.responseTopic, { id, method: 1023, result: { error_code: 0 } });
    assert.deepEqual(await resuming, acknowledged);
    await bench.printer.until(() => bench.printer.count(1022) === 1);
    assert.deepEqual(await stopping, acknowledged);
  });

  test("busy to a read: asked again three times at most", async () => {
    await using bench = new Bench();
    bench.printer.errors = { 1036: 1009 };
    await bench.open();
    await assert.rejects(bench.ask("listHistory", { limit: 5 }), { code: "printer_refused" });
    assert.equal(bench.printer.count(1036), 4);
  });
});

describe("files and pictures", { timeout }, () => {
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

  test("are listed from the printer's storage and from the stick that is in it", async () => {
    await using bench = new Bench();
    bench.printer.status = { ...idleStatus(), external_device: { u_disk: true } };
    const file = { filename: "a.gcode", size: 10, create_time: 1_760_000_000, layer: 5, print_time: 60 };
    bench.printer.results[1044] = { file_list: [file], offset: 0, total: 1 };
    await bench.open();
    const { items } = (await bench.ask("listFiles")) as { items: { name: string; modifiedAt: string }[] };
    assert.deepEqual(
      items.map(({ name, modifiedAt }) => [name, modifiedAt]),
      [
        ["a.gcode", "2025-10-09T08:53:20.000Z"],
        ["u-disk/a.gcode", "2025-10-09T08:53:20.000Z"],
      ],
    );
    assert.deepEqual(lastOf(bench, 1044)?.params, { storage_media: "u-disk", offset: 0, limit: 100, dir: "/" });
  });

  test("a picture is asked by one key and then by the other, once", async () => {
    await using bench = new Bench();
    await bench.open();
    bench.printer.errors = { 1045: 1003 };
    await assert.rejects(bench.ask("getThumbnail", { file: "a.gcode" }), { code: "printer_refused" });
    assert.deepEqual(
      bench.printer.sent.filter(({ method }) => method === 1045).map(({ params }) => params),
      [
        { storage_media: "local", file_name: "a.gcode" },
        { storage_media: "local", filename: "a.gcode" },
      ],
    );
  });

  test("a picture comes as PNG, and none is not found", async () => {
    await using bench = new Bench();
    await bench.open();
    bench.printer.results[1045] = { thumbnail: png.toString("base64") };
    const media = (await bench.ask("getThumbnail", { file: "a.gcode" })) as {
      mediaType: string;
      content: AsyncIterable<Uint8Array>;
    };
    assert.equal(media.mediaType, "image/png");
    for await (const bytes of media.content) assert.deepEqual(bytes, png);
    bench.printer.results[1045] = { thumbnail: "no picture" };
    await assert.rejects(bench.ask("getThumbnail", { file: "a.gcode" }), { code: "not_found" });
  });
});
