import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commands } from "../../../model/commands.ts";
import { Bench, idleReport, plate, success, type BenchOptions } from "./commands-bench.ts";
import { externalUnit, type Body, type Reply } from "../printer-link.ts";

const acknowledged = { outcome: "acknowledged" };
const unconfirmed = { outcome: "unconfirmed" };
const slot = { tool: 0, unit: "0", slot: "0" };
const input = commands.start.input.parse({ file: "bracket.gcode.3mf", slots: [slot] });

/** The one start that went out. */
function order(bench: Bench): Body {
  assert.equal(bench.published.length, 1);
  return bench.sent[0]?.["print"] as Body;
}

/** An answer that the test gives when it likes. */
function later(bench: Bench, command = "project_file"): (reply: Reply | undefined) => void {
  const { promise, resolve } = Promise.withResolvers<Reply | undefined>();
  bench.answers.set(command, promise);
  return resolve;
}

describe("the order to print a project", () => {
  test("has every field, with true booleans", async () => {
    const bench = new Bench();
    const wish = { levelBed: true, calibrateVibration: true, plate: "textured_plate" };
    assert.deepEqual(await bench.ask("start", { ...input, ...wish }), acknowledged);
    const id = String(Math.floor(bench.clock.now() / 1000));
    assert.deepEqual(order(bench), {
      command: "project_file",
      param: "Metadata/plate_1.gcode",
      url: "file:///sdcard/bracket.gcode.3mf",
      file: "bracket.gcode.3mf",
      md5: "",
      subtask_name: "bracket",
      project_id: id,
      profile_id: "0",
      task_id: id,
      subtask_id: id,
      bed_type: "textured_plate",
      timelapse: false,
      bed_leveling: true,
      auto_bed_leveling: 1,
      flow_cali: false,
      extrude_cali_flag: 0,
      extrude_cali_manual_mode: 0,
      nozzle_offset_cali: 0,
      vibration_cali: true,
      layer_inspect: false,
      cfg: "0",
      use_ams: true,
      ams_mapping: [0],
      ams_mapping2: [{ ams_id: 0, slot_id: 0 }],
    });
  });

  test("has an id of its own each time, below 2 to the 31", async () => {
    const bench = new Bench();
    bench.clock.step(Date.UTC(2040, 0, 1) - bench.clock.now());
    for (let each = 0; each < 3; each += 1) await bench.ask("start", input);
    const ids = bench.sent.map(({ print }) => Number((print as Body)["subtask_id"]));
    assert.equal(new Set(ids).size, 3);
    assert.ok(ids.every((id) => id > 0 && id < 2 ** 31));
  });

  const urls: [string, BenchOptions, string | undefined, string, string][] = [
    ["of an X1C", { model: "BL-P001" }, undefined, "bracket.gcode.3mf", "file:///sdcard/bracket.gcode.3mf"],
    ["in a folder", {}, undefined, "cache/bracket.gcode.3mf", "file:///sdcard/cache/bracket.gcode.3mf"],
    ["of a P2S", { model: "N7" }, undefined, "bracket.gcode.3mf", "ftp:///bracket.gcode.3mf"],
    ["that the inventory gives", {}, "ftp:///", "bracket.gcode.3mf", "ftp:///bracket.gcode.3mf"],
  ];
  for (const [title, options, jobUrl, file, url] of urls) {
    test(`has the address ${title}`, async () => {
      const bench = new Bench(options);
      bench.jobUrl = jobUrl;
      bench.sizes.set(file, 10);
      bench.project = { plates: [{ ...plate, modelCode: bench.model.code }], filamentCount: 1 };
      await bench.ask("start", { ...input, file });
      assert.equal(order(bench)["url"], url);
    });
  }

  test("of plain G-code is its path", async () => {
    const bench = new Bench();
    bench.sizes.set("cache/cube.gcode", 10);
    await bench.ask("start", commands.start.input.parse({ file: "cache/cube.gcode" }));
    assert.deepEqual(order(bench), { command: "gcode_file", param: "/cache/cube.gcode" });
  });
});

describe("the filament of a job", () => {
  const two = [0, 2].map((tool) => ({ tool, type: "PLA", colorHex: null, usedGrams: 1 }));
  const project = { plates: [{ ...plate, filaments: two }], filamentCount: 3 };

  test("has one place for each filament of the project; what is unused stays unmapped", async () => {
    const bench = new Bench();
    bench.project = project;
    await bench.ask("start", { ...input, slots: [slot, { tool: 2, unit: "0", slot: "2" }] });
    const { use_ams, ams_mapping, ams_mapping2 } = order(bench);
    assert.deepEqual(
      { use_ams, ams_mapping, ams_mapping2 },
      {
        use_ams: true,
        ams_mapping: [0, -1, 2],
        ams_mapping2: [
          { ams_id: 0, slot_id: 0 },
          { ams_id: 255, slot_id: 255 },
          { ams_id: 0, slot_id: 2 },
        ],
      },
    );
  });

  test("from the spool holder alone needs no mapping", async () => {
    const bench = new Bench();
    bench.present = { ...idleReport, vt_tray: {} };
    await bench.ask("start", { ...input, slots: [{ tool: 0, unit: externalUnit, slot: "0" }] });
    const body = order(bench);
    assert.equal(body["use_ams"], false);
    assert.ok(!("ams_mapping" in body) && !("ams_mapping2" in body));
  });

  test("comes from the spool holder where there is no unit to choose from", async () => {
    const bench = new Bench();
    bench.present = { ...idleReport, ams: { ams: [] }, vt_tray: {} };
    await bench.ask("start", commands.start.input.parse({ file: "bracket.gcode.3mf" }));
    assert.equal(order(bench)["use_ams"], false);
  });

  test("from both spool holders of two nozzles is told by the second form", async () => {
    const bench = new Bench({ model: "O1D" });
    bench.project = { ...project, plates: [{ ...plate, modelCode: "O1D", filaments: two }] };
    const slots = [
      { tool: 0, unit: externalUnit, slot: "0" },
      { tool: 2, unit: externalUnit, slot: "1" },
    ];
    bench.present = { ...idleReport, vt_tray: {} };
    await bench.ask("start", { ...input, slots });
    const { use_ams, ams_mapping, ams_mapping2 } = order(bench);
    assert.equal(use_ams, true);
    assert.deepEqual(ams_mapping, [-1, -1, -1]);
    assert.deepEqual(ams_mapping2, [
      { ams_id: 255, slot_id: 0 },
      { ams_id: 255, slot_id: 255 },
      { ams_id: 254, slot_id: 0 },
    ]);
  });

  test("of another kind than the slot holds is told", async () => {
    const bench = new Bench();
    const slots = [{ tool: 0, unit: "0", slot: "1" }];
    await assert.rejects(bench.ask("start", { ...input, slots }), { message: /sliced as PLA, the slot holds PETG/u });
    assert.equal(bench.published.length, 0);
  });
});

describe("what comes of a start", () => {
  test("the job shows in the state before the printer answers", async () => {
    const bench = new Bench();
    const answer = later(bench);
    const starting = bench.ask("start", input);
    await bench.clock.advance(100_000);
    bench.tell({ gcode_state: "PREPARE", subtask_id: order(bench)["subtask_id"] });
    await bench.clock.advance(0);
    answer(undefined);
    assert.deepEqual(await starting, acknowledged);
  });

  test("a job of somebody else is not taken for ours", async () => {
    const bench = new Bench();
    const answer = later(bench);
    const starting = bench.ask("start", input);
    await bench.clock.advance(1000);
    bench.tell({ gcode_state: "PREPARE", subtask_id: "1", subtask_name: "other" });
    await bench.clock.advance(180_000);
    answer(undefined);
    assert.deepEqual(await starting, unconfirmed);
  });

  test("the printer's no, with its code and the form of the address it was told", async () => {
    const bench = new Bench();
    bench.answers.set("project_file", { ...success, result: null });
    const starting = assert.rejects(bench.ask("start", input), {
      code: "printer_refused",
      message: /0500_8013.*file:\/\/\/sdcard\/bracket/u,
    });
    await bench.clock.advance(1000);
    bench.tell({ print_error: 0x0500_8013 });
    await starting;
  });

  test("an error from before is not held against it", async () => {
    const bench = new Bench();
    bench.present = { ...idleReport, gcode_state: "FAILED", print_error: 0x0300_8004 };
    assert.deepEqual(await bench.ask("start", input), acknowledged);
  });

  test("nothing for three minutes: unconfirmed, and never sent again", async () => {
    const bench = new Bench();
    bench.answers.set("project_file", undefined);
    const starting = bench.ask("start", input);
    await bench.clock.advance(180_000);
    assert.deepEqual(await starting, unconfirmed);
    await bench.clock.advance(600_000);
    order(bench);
  });

  test("a second start waits its turn", async () => {
    const bench = new Bench();
    const answer = later(bench);
    const first = bench.ask("start", input);
    await assert.rejects(bench.ask("start", input), { code: "wrong_phase", message: /on its way/u });
    answer(success);
    assert.deepEqual(await first, acknowledged);
    order(bench);
  });
});
