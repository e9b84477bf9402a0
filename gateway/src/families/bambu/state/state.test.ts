import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { afterOrder, afterReport, noJob } from "../memory.ts";
import type { Body } from "../printer-link.ts";
import { readState } from "./state.ts";
import { unpacked } from "./state-heat.ts";
import { stageWords } from "./stages.ts";
import { fullReport } from "../test-broker.ts";
import { viewOf } from "../view-bench.ts";

const read = (report: Body, code = "C12") => readState(viewOf({ report, code }));
const phase = (gcode_state: string, more: Body = {}) => read({ gcode_state, ...more }).phase;
const file = (body: Body) => afterOrder(noJob, { subtask_name: "x", ...body }).order?.file;
const faults = (report: Body) => read({ gcode_state: "RUNNING", ...report }).faults;

describe("the state of a P1S that prints", () => {
  const state = readState(viewOf({ report: fullReport(), job: { isActive: true } }));

  test("has its job with progress, time left in seconds and layers", () => {
    assert.equal(state.phase, "printing");
    assert.deepEqual(state.job, {
      id: null,
      file: "bracket_v2.gcode.3mf",
      progressRatio: 0.37,
      elapsedSeconds: null,
      remainingSeconds: 2880,
      layer: 58,
      layers: 160,
      skippedObjects: [],
    });
  });

  test("has heat, and no chamber: its sensor is a constant", () => {
    assert.deepEqual(state.nozzles, [
      { id: "0", actualCelsius: 214.53125, targetCelsius: 215, diameterMillimeters: 0.4, kind: "stainless_steel" },
    ]);
    assert.deepEqual(state.bed, { actualCelsius: 59.96875, targetCelsius: 60 });
    assert.equal(state.chamber, null);
  });

  test("has fans in ratios of their fifteen steps, speed, light and Wi-Fi", () => {
    assert.deepEqual(
      state.fans.map(({ id, speedRatio }) => [id, speedRatio]),
      [
        ["part", 0.67],
        ["aux", 0],
        ["chamber", 0.4],
        ["hotend", 1],
      ],
    );
    assert.deepEqual([state.speedRatio, state.speedMode, state.signalDbm], [1, "standard", -57]);
    assert.deepEqual(state.lights, [{ id: "chamber", on: true }]);
    assert.deepEqual([state.recording, state.timelapse, state.filamentLoaded], [true, false, true]);
  });

  test("has its AMS with four slots, and the external spool", () => {
    const unit = { id: "0", kind: "AMS", temperatureCelsius: 26.1, humidityRatio: null, drynessLevel: 4 };
    const about = fullReport();
    const modules = [{ name: "ams/0", version: "", offered: "", productName: "", projectName: "", hardware: "" }];
    const seen = readState({ ...viewOf({ report: about }), modules });
    assert.deepEqual(seen.materialUnits, [{ ...unit, dryingRemainingSeconds: null }]);
    assert.deepEqual(
      state.materials.map(({ unit: where, slot, type, active, present }) => [where, slot, type, active, present]),
      [
        ["0", "0", "PLA", true, true],
        ["0", "1", null, false, false],
        ["0", "2", null, false, false],
        ["0", "3", null, false, false],
        ["external", "0", "PETG", false, null],
      ],
    );
    const [first] = state.materials;
    assert.deepEqual([first?.colorHex, first?.nozzleMinimumCelsius, first?.profile], ["#1E90FF", 190, "GFL99"]);
    // Without a tag the share that remains is a guess of nobody's.
    assert.equal(first?.remainingRatio, null);
  });
});

describe("phases", () => {
  test("are read from gcode_state, the stage and the layer", () => {
    assert.equal(phase("IDLE"), "idle");
    assert.equal(phase(""), "idle");
    assert.equal(phase("PREPARE"), "preparing");
    assert.equal(phase("SLICING"), "preparing");
    assert.equal(phase("RUNNING", { stg_cur: 2, layer_num: 0 }), "preparing");
    assert.equal(phase("RUNNING", { stg_cur: 4, layer_num: 9 }), "printing");
    assert.equal(phase("RUNNING", { stg_cur: 255, layer_num: 0 }), "printing");
    assert.equal(phase("PAUSE"), "paused");
    assert.equal(phase("FINISH"), "finished");
    assert.equal(phase("FAILED"), "failed");
    assert.equal(phase("OFFLINE"), "unknown");
    assert.equal(phase("constructor"), "unknown");
    assert.equal(read({}).phase, "unknown");
    assert.equal(phase("IDLE", { upgrade_state: { status: "FLASHING" } }), "busy");
  });

  test("have a stage in words", () => {
    assert.equal(stageWords(77), "preparing AMS");
    assert.equal(stageWords(16), "paused by the user");
    assert.equal(stageWords(50), "cooling heatbed");
    assert.equal(stageWords(99), "stage 99");
    assert.deepEqual([-1, 0, 255, null].map(stageWords), [null, null, null, null]);
    assert.equal(read({ gcode_state: "PREPARE", gcode_file_prepare_percent: "40" }).stage, "downloading the file");
  });
});

describe("what is remembered of a job", () => {
  test("is when it was seen to begin and end, and that it was cancelled", () => {
    let job = afterReport(noJob, { gcode_state: "IDLE" }, 1000);
    job = afterReport(job, { gcode_state: "RUNNING" }, 5000);
    assert.deepEqual([job.startedMs, job.endedMs, job.isCancelled], [5000, null, false]);
    job = afterReport(job, { gcode_state: "RUNNING", print_error: 83_902_478 }, 6000);
    job = afterReport(job, { gcode_state: "FAILED", print_error: 0 }, 7000);
    assert.deepEqual([job.endedMs, job.isCancelled], [7000, true]);
    job = afterReport(job, { gcode_state: "PREPARE", print_error: 0 }, 9000);
    assert.deepEqual([job.startedMs, job.endedMs, job.isCancelled], [9000, null, false]);
  });

  test("is no beginning where it ran already", () => {
    assert.equal(afterReport(noJob, { gcode_state: "RUNNING" }, 1000).startedMs, null);
  });

  test("is what was ordered, unless it came from the cloud or was refused", () => {
    assert.equal(file({ url: "file:///sdcard/cache/a b.3mf" }), "cache/a b.3mf");
    assert.equal(file({ url: "file:///mnt/sdcard/a.3mf" }), "a.3mf");
    assert.equal(file({ url: "ftp:///a.3mf" }), "a.3mf");
    assert.equal(file({ url: "ftp://a.3mf" }), "a.3mf");
    assert.equal(file({ url: "https://example.org/a.3mf?token=1", file: "a.3mf" }), undefined);
    assert.equal(file({ url: "ftp:///a.3mf", result: "FAIL" }), undefined);
  });
});

describe("the state of newer models", () => {
  test("unpacks temperatures: low half actual, high half target, a small one is plain", () => {
    assert.deepEqual(unpacked(14_090_454), { actualCelsius: 214, targetCelsius: 215 });
    assert.deepEqual(unpacked(27), { actualCelsius: 27, targetCelsius: 0 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 400 }), (target, actual) =>
        assert.deepEqual(unpacked(target * 65_536 + actual), { actualCelsius: actual, targetCelsius: target }),
      ),
    );
  });

  const h2d: Body = {
    gcode_state: "IDLE",
    device: {
      bed: { info: { temp: 60 * 65_536 + 59 } },
      ctc: { info: { temp: 45 * 65_536 + 40 } },
      extruder: {
        state: 33_042,
        info: [
          { id: 0, temp: 30, snow: 65_279 },
          { id: 1, temp: 14_090_454, snow: 259 },
        ],
      },
      nozzle: {
        info: [
          { id: 0, diameter: 0.4, type: "HS01" },
          { id: 1, diameter: 0.6, type: "HH05" },
        ],
      },
      airduct: {
        modeCur: 1,
        parts: [
          { id: 16, state: 30 },
          { id: 48, state: 70 },
        ],
      },
    },
    ams: {
      ams_exist_bits: "12",
      tray_exist_bits: "10080",
      tray_now: "0",
      ams: [
        { id: "1", info: "3", humidity: "5", humidity_raw: "8", temp: "31.0", dry_time: 90, tray: [{ id: "3" }] },
        { id: "128", info: "4", tray: [{ id: "0", tray_type: "PA", tray_uuid: "A0", remain: 50 }] },
        { id: "2", tray: [{ id: "0" }] },
      ],
    },
    vir_slot: [
      { id: "255", tray_type: "PLA" },
      { id: "254", tray_type: "TPU" },
    ],
    xcam: { cfg: 0b101_0000_0, first_layer_inspector: true },
    home_flag: -2_147_483_648 | (1 << 29) | (1 << 28),
    lights_report: [
      { node: "chamber_light2", mode: "flashing" },
      { node: "chamber_light", mode: "off" },
    ],
    net: { conf: 1 },
    wifi_signal: "-90dBm",
  };
  const state = read(h2d, "O1D");

  test("has two nozzles of which one is active, bed and chamber", () => {
    const right = { id: "0", actualCelsius: 30, targetCelsius: 0, diameterMillimeters: 0.4, kind: "hardened_steel" };
    const left = { id: "1", actualCelsius: 214, targetCelsius: 215, diameterMillimeters: 0.6 };
    assert.deepEqual(state.nozzles, [
      { ...right, active: false },
      { ...left, kind: "tungsten_carbide high flow", active: true },
    ]);
    assert.deepEqual(state.bed, { actualCelsius: 59, targetCelsius: 60 });
    assert.deepEqual(state.chamber, { actualCelsius: 40, targetCelsius: 45 });
  });

  test("has fans and the way of the air by its duct; a wired one has no signal", () => {
    assert.deepEqual(state.fans.slice(0, 3), [
      { id: "part", speedRatio: 0.3 },
      { id: "aux", speedRatio: null },
      { id: "chamber", speedRatio: 0.7 },
    ]);
    assert.equal(state.airMode, "heating");
    assert.equal(state.signalDbm, null);
    assert.deepEqual(state.lights, [
      { id: "chamber", on: false },
      { id: "chamber2", on: true },
    ]);
  });

  test("has units by their bits, drying, humidity in ratio, and what feeds by the active extruder", () => {
    assert.deepEqual(
      state.materialUnits.map(({ id, kind, humidityRatio, dryingRemainingSeconds }) => [
        id,
        kind,
        humidityRatio,
        dryingRemainingSeconds,
      ]),
      [
        ["1", "AMS 2 Pro", 0.08, 5400],
        ["128", "AMS HT", null, null],
      ],
    );
    const names = state.materials.map(({ unit, slot, present, active }) => [unit, slot, present, active]);
    assert.deepEqual(names, [
      ["1", "3", true, true],
      ["128", "0", true, false],
      ["external", "0", null, false],
      ["external", "1", null, false],
    ]);
    assert.equal(state.materials[1]?.remainingRatio, 0.5);
  });

  test("has its options by the names that its commands use", () => {
    const on = Object.fromEntries(state.options.map(({ id, on: isOn, sensitivity }) => [id, [isOn, sensitivity]]));
    assert.deepEqual(on["spaghetti_detector"], [true, "medium"]);
    assert.deepEqual(on["first_layer_inspector"], [true, null]);
    assert.deepEqual(on["air_print_detect"], [true, null]);
    assert.deepEqual(on["sound_enable"], [false, null]);
    assert.equal(on["nozzle_blob_detect"], undefined);
  });
});

describe("faults", () => {
  test("of print_error have words, by any unit of the AMS too", () => {
    const [fault] = faults({ print_error: 0x0701_8011 });
    assert.deepEqual(
      [fault?.code, fault?.severity, fault?.text],
      ["0701_8011", "error", "The filament in the AMS B ran out"],
    );
    assert.match(faults({ print_error: 0x07ff_8012 })[0]?.text ?? "", /which slot feeds/u);
    assert.match(faults({ print_error: 0x0300_8004 })[0]?.text ?? "", /ran out/u);
    assert.equal(faults({ print_error: 0x0500_c010 })[0]?.severity, "warning");
  });

  test("that are not known are shown by module and code", () => {
    assert.equal(faults({ print_error: 0x0500_4123 })[0]?.text, "mainboard: the job has ended (0500_4123)");
  });

  test("of HMS have their code from four halves, severity, words and a page that helps", () => {
    const [bed] = faults({ hms: [{ attr: 50_331_904, code: 65_543 }] });
    assert.equal(bed?.code, "0300_0100_0001_0007");
    assert.match(bed?.text ?? "", /open circuit/u);
    assert.equal(bed?.severity, "error");
    assert.equal(bed?.help, "https://wiki.bambulab.com/en/x1/troubleshooting/hmscode/0300_0100_0001_0007");
    const [spool] = faults({ hms: [{ attr: 0x0700_2000, code: 0x0002_0001 }] });
    assert.equal(spool?.text, "The filament in AMS A slot 1 ran out");
    const notes = faults({
      hms: [
        { attr: 0x0c00_0100, code: 0x0003_0001 },
        { attr: 0x0c00_0200, code: 0x0004_0001 },
      ],
    });
    assert.deepEqual(
      notes.map(({ severity }) => severity),
      ["warning", "info"],
    );
  });

  test("leave a running print running, and cancelling is none", () => {
    assert.equal(read({ gcode_state: "RUNNING", hms: [{ attr: 1, code: 1 }] }).phase, "printing");
    assert.deepEqual(faults({ print_error: 50_348_044 }), []);
  });

  test("are read or passed over, whatever came", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (error, hms) => {
        assert.ok(Array.isArray(faults({ print_error: error, hms: [hms, { attr: error, code: error }] })));
      }),
    );
  });
});
