import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTarget, jogLines, readLimits } from "./limits.ts";

const status = {
  toolhead: { homed_axes: "xyz", axis_minimum: [0, -5, -2, 0], axis_maximum: [235, 235, 250, 0], max_velocity: 50 },
  gcode_move: { gcode_position: [100, 10, 5, 0] },
};

test("the lower of the ceiling and Klipper's own configuration counts, over all nozzles", () => {
  const settings = { extruder: { max_temp: 350 }, extruder1: { max_temp: 280 }, heater_bed: { max_temp: 110 } };
  assert.deepEqual(readLimits(settings), { nozzleCelsius: 280, bedCelsius: 110, chamberCelsius: 80 });
  assert.deepEqual(readLimits({}), { nozzleCelsius: 300, bedCelsius: 140, chamberCelsius: 80 });
  const hot = {
    extruder: { max_temp: 500 },
    heater_bed: { max_temp: 200 },
    "heater_generic chamber": { max_temp: 70 },
  };
  assert.deepEqual(readLimits(hot), { nozzleCelsius: 300, bedCelsius: 140, chamberCelsius: 70 });
});

test("a target above the limit is refused with the limit in words", () => {
  const limits = readLimits({ extruder: { max_temp: 280 } });
  checkTarget("nozzle0", 280, limits);
  assert.throws(() => checkTarget("nozzle1", 281, limits), { code: "invalid_input", message: /280 °C/u });
});

test("a jog stays within the axis, leaves the modes as they were, and is no faster than the machine", () => {
  assert.deepEqual(jogLines(status, "x", -20), [
    "SAVE_GCODE_STATE NAME=gantry_jog",
    "G91",
    "G1 X-20 F3000",
    "RESTORE_GCODE_STATE NAME=gantry_jog",
  ]);
  assert.throws(() => jogLines(status, "x", 136), { code: "invalid_input", message: /from 0 to 235 mm/u });
  assert.throws(() => jogLines(status, "y", -15.1), { code: "invalid_input" });
});

test("an axis that is not homed is not moved", () => {
  const unhomed = { ...status, toolhead: { ...status.toolhead, homed_axes: "xy" } };
  assert.throws(() => jogLines(unhomed, "z", 1), { code: "wrong_phase", message: /home it first/u });
  assert.throws(() => jogLines({}, "x", 1), { code: "wrong_phase" });
});
