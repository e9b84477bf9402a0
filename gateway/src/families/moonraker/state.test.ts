import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { phases } from "../../model/printer.ts";
import type { Fields } from "./codec.ts";
import { noJob, type JobFacts } from "./job.ts";
import { capabilitiesFor, macroNames, mergeStatus, queryFor } from "./objects.ts";
import {
  heaterObject,
  readIdentity,
  readKlippy,
  readPowerDevices,
  readState,
  readStorages,
  type Klippy,
} from "./state.ts";

const ready: Klippy = { state: "ready", message: "Printer is ready" };

function read(status: Fields, klippy: Klippy = ready, job: JobFacts = noJob): ReturnType<typeof readState> {
  return readState({ klippy, status, job, storages: [], powerDevices: [] });
}

describe("phases", () => {
  const table: [string, Fields, string][] = [
    ["standby is idle", { print_stats: { state: "standby" } }, "idle"],
    ["before the first extrusion it prepares", { print_stats: { state: "printing", print_duration: 0 } }, "preparing"],
    ["printing", { print_stats: { state: "printing", print_duration: 12 } }, "printing"],
    [
      "a pause that was asked for",
      { print_stats: { state: "printing", print_duration: 12 }, pause_resume: { is_paused: true } },
      "pausing",
    ],
    ["paused", { print_stats: { state: "paused" }, pause_resume: { is_paused: true } }, "paused"],
    ["complete", { print_stats: { state: "complete" } }, "finished"],
    ["cancelled", { print_stats: { state: "cancelled" } }, "stopped"],
    ["error", { print_stats: { state: "error", message: "Extrude below minimum temp" } }, "failed"],
    ["motion without a job", { print_stats: { state: "standby" }, idle_timeout: { state: "Printing" } }, "busy"],
    [
      "an ending that still moves",
      { print_stats: { state: "complete" }, idle_timeout: { state: "Printing" } },
      "finished",
    ],
    ["a word nobody has seen", { print_stats: { state: "dreaming" } }, "unknown"],
    ["nothing", {}, "unknown"],
  ];
  for (const [name, status, phase] of table) test(name, () => assert.equal(read(status).phase, phase));

  test("a Klipper that cannot print is told in its own words, without its advice", () => {
    const message = "MCU 'mcu' shutdown: Timer too close\nOnce the underlying issue is corrected, use the\n…";
    const shutdown = read({ print_stats: { state: "printing" } }, { state: "shutdown", message });
    assert.deepEqual([shutdown.phase, shutdown.job], ["failed", null]);
    assert.equal(shutdown.faults[0]?.text, "Klipper is shut down: MCU 'mcu' shutdown: Timer too close");
    const away = read({}, { state: "disconnected", message: null });
    assert.deepEqual([away.phase, away.faults[0]?.text], ["unknown", "Klipper is not connected"]);
    const starting = read({}, { state: "startup", message: null });
    assert.deepEqual([starting.phase, starting.faults], ["busy", []]);
  });
});

describe("readings", () => {
  const status: Fields = {
    print_stats: { state: "printing", filename: "a/cube.gcode", print_duration: 100.4, info: { total_layer: null } },
    display_status: { progress: 0.25, message: "layer 5" },
    virtual_sdcard: { progress: 0.3 },
    extruder: { temperature: 209.96, target: 210 },
    extruder1: { temperature: 25, target: 0 },
    heater_bed: { temperature: 60.04, target: 60 },
    "temperature_sensor chamber_air": { temperature: 31.2 },
    "heater_generic chamber": { temperature: 40, target: 45 },
    fan: { speed: 0.5 },
    "fan_generic exhaust": { speed: 1 },
    "neopixel sb_leds": { color_data: [[0, 0, 0, 0]] },
    "output_pin caselight": { value: 0.4 },
    "output_pin beeper": { value: 1 },
    gcode_move: { speed_factor: 1.1, gcode_position: [1.234, 2, 0.9, 0], homing_origin: [0, 0, -0.0512] },
    toolhead: { homed_axes: "xz" },
    "filament_switch_sensor runout": { enabled: true, filament_detected: false },
    "filament_switch_sensor unused": { enabled: false, filament_detected: false },
  };

  test("heaters, fans, lights and places go by the names of the product or of their owner", () => {
    const readings = read(status);
    assert.deepEqual(readings.nozzles, [
      { id: "0", actualCelsius: 210, targetCelsius: 210 },
      { id: "1", actualCelsius: 25, targetCelsius: 0 },
    ]);
    assert.deepEqual(readings.bed, { actualCelsius: 60, targetCelsius: 60 });
    assert.deepEqual(readings.chamber, { actualCelsius: 40, targetCelsius: 45 });
    assert.deepEqual(readings.fans, [
      { id: "part", speedRatio: 0.5 },
      { id: "exhaust", speedRatio: 1 },
    ]);
    assert.deepEqual(readings.lights, [
      { id: "sb_leds", on: false },
      { id: "caselight", on: true },
    ]);
    assert.deepEqual(readings.position, { xMillimeters: 1.23, yMillimeters: null, zMillimeters: 0.9 });
    assert.deepEqual([readings.zOffsetMillimeters, readings.speedRatio, readings.stage], [-0.051, 1.1, "layer 5"]);
    assert.deepEqual(
      readings.faults.map(({ text }) => text),
      ["no filament at runout"],
    );
  });

  test("the file's header fills in what Klipper does not measure", () => {
    const metadata = { estimated_time: 400, layer_count: 20, layer_height: 0.2, first_layer_height: 0.3 };
    const { job } = read(status, ready, { id: "00002A", file: "a/cube.gcode", metadata });
    assert.deepEqual(job, {
      id: "00002A",
      file: "a/cube.gcode",
      progressRatio: 0.25,
      elapsedSeconds: 100,
      remainingSeconds: 300,
      layer: 4,
      layers: 20,
    });
  });

  test("without it, and after the estimate ran out, the rate so far tells the end", () => {
    assert.deepEqual(read(status).job?.remainingSeconds, 301);
    const metadata = { estimated_time: 90 };
    assert.equal(read(status, ready, { id: null, file: "a/cube.gcode", metadata }).job?.remainingSeconds, 301);
    const other = { id: null, file: "other.gcode", metadata: { estimated_time: 400 } };
    assert.equal(read(status, ready, other).job?.remainingSeconds, 301);
  });

  test("any status reads as some state", () => {
    const words = fc.constantFrom("print_stats", "extruder", "fan", "gcode_move", "toolhead", "neopixel x", "webhooks");
    const anything = fc.dictionary(words, fc.jsonValue());
    fc.assert(fc.property(anything, (value) => phases.includes(read(value).phase)));
  });
});

test("deltas are merged field by field, and untouched objects keep their identity", () => {
  const before = { extruder: { temperature: 20, target: 0 }, fan: { speed: 1 } };
  const after = mergeStatus(before, { extruder: { target: 200 } });
  assert.deepEqual(after, { extruder: { temperature: 20, target: 200 }, fan: { speed: 1 } });
  assert.equal(after["fan"], before.fan);
});

test("only objects that are read are asked for", () => {
  const names = ["webhooks", "mcu", "extruder", "extruder_stepper x", "heater_generic chamber", "gcode_macro PARK"];
  assert.deepEqual(Object.keys(queryFor(names)), ["webhooks", "extruder", "heater_generic chamber"]);
});

test("macros that begin with an underscore, or hold more than a name, are not the owner's to run", () => {
  assert.deepEqual(macroNames(["gcode_macro PARK", "gcode_macro _CLEAN", "gcode_macro Start_Print", "fan"]), [
    "PARK",
    "START_PRINT",
  ]);
});

test("what a machine has follows from its objects and Moonraker's components", () => {
  const has = capabilitiesFor(["extruder", "heater_bed", "toolhead", "webhooks"], ["history"], true);
  for (const name of ["bed", "heaters", "home", "jog", "emergencyStop", "history", "camera", "files"] as const) {
    assert.ok(has.has(name), name);
  }
  for (const name of ["chamber", "fans", "lights", "macros", "power", "start"] as const)
    assert.ok(!has.has(name), name);
});

test("a heater of the product is found under Klipper's name, or not at all", () => {
  const status = { extruder: {}, extruder1: {}, "heater_generic Chamber": {}, "temperature_sensor chamber": {} };
  assert.deepEqual(
    ["nozzle0", "nozzle1", "nozzle2", "bed", "chamber"].map((name) => heaterObject(status, name)),
    ["extruder", "extruder1", undefined, undefined, "heater_generic Chamber"],
  );
});

test("how Klipper is: its own word first, Moonraker's without it", () => {
  assert.equal(readKlippy({ klippy_connected: false, klippy_state: "ready" }, {}).state, "disconnected");
  assert.equal(readKlippy({ klippy_connected: true, klippy_state: "startup" }, {}).state, "startup");
  const answer = readKlippy(
    { klippy_connected: true, klippy_state: "ready" },
    { state: "error", state_message: "no cfg" },
  );
  assert.deepEqual(answer, { state: "error", message: "no cfg" });
});

test("identity, storages and power devices survive what is missing", () => {
  assert.deepEqual(readIdentity({}, {}), { model: "Klipper printer", firmware: null, serial: null });
  assert.deepEqual(readStorages({}), []);
  assert.deepEqual(readPowerDevices([{ device: "psu", status: "init" }, { status: "on" }]), [{ id: "psu", on: null }]);
});
