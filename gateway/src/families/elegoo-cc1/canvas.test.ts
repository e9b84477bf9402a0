import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { mayHaveCanvas, readCanvas } from "./canvas.ts";
import { readFirmware } from "./firmware.ts";
import { Bench, until } from "./stub-printer.ts";

const tray = {
  tray_id: 0,
  brand: "ELEGOO",
  filament_type: "PETG",
  filament_name: "PETG Pro",
  filament_color: "1e6b3a",
  status: 1,
};
const empty = {
  tray_id: 1,
  brand: "— — — —",
  filament_type: "?",
  filament_name: "— — — —",
  filament_color: "",
  status: 0,
};
const answer = {
  Ack: 0,
  active_canvas_id: 0,
  active_tray_id: -1,
  auto_refill: false,
  canvas_list: [{ canvas_id: 0, connected: 1, tray_list: [tray, empty] }],
};

test("trays are materials, the placeholders of empty ones unknown", () => {
  const nothing = { type: null, name: null, colorHex: null, remainingRatio: null, active: false };
  assert.deepEqual(readCanvas(answer), {
    autoRefill: false,
    materials: [
      { ...nothing, unit: "0", slot: "0", type: "PETG", name: "ELEGOO PETG Pro", colorHex: "#1E6B3A" },
      { ...nothing, unit: "0", slot: "1" },
    ],
  });
});

test("the active tray is the one that unit and tray number name together", () => {
  const units = [0, 1].map((canvas_id) => ({ canvas_id, connected: 1, tray_list: [tray] }));
  const canvas = readCanvas({ ...answer, active_canvas_id: 1, active_tray_id: 0, canvas_list: units });
  assert.deepEqual(
    canvas?.materials.map(({ active }) => active),
    [false, true],
  );
});

test("a unit that is not connected is no Canvas", () => {
  assert.equal(readCanvas({ ...answer, canvas_list: [{ canvas_id: 0, connected: 0, tray_list: [tray] }] }), null);
  assert.equal(readCanvas({ ...answer, canvas_list: [] }), null);
});

test("any object reads as some Canvas or none", () => {
  const anything = fc.dictionary(fc.constantFrom("canvas_list", "active_tray_id", "auto_refill"), fc.jsonValue());
  fc.assert(fc.property(anything, (data) => readCanvas(data) === null || readCanvas(data) !== undefined));
});

test("it may be asked for only where the firmware knows the command and the status does not deny it", () => {
  const stock = readFirmware("V1.4.46");
  assert.equal(mayHaveCanvas(stock, { AmsConnectStatus: 1 }), true);
  assert.equal(mayHaveCanvas(stock, {}), true);
  assert.equal(mayHaveCanvas(stock, { AmsConnectStatus: 0 }), false);
  for (const older of ["V1.1.46", "V1.0.5", "V0.3.0-o"]) {
    assert.equal(mayHaveCanvas(readFirmware(older), { AmsConnectStatus: 1 }), false, older);
  }
});

test("a session shows it, is asked at most every ten seconds, and maps a job's filaments to its slots", async () => {
  await using bench = await Bench.open((stub) => {
    stub.firmware = "V1.4.46";
    stub.status = { AmsConnectStatus: 1 };
    stub.answers = { 324: answer };
  });
  const { stub, clock, session } = bench;
  await until(() => session.readings.materials.length === 2);
  assert.ok(bench.has.has("materials"));
  for (let second = 0; second < 9; second += 1) {
    await bench.push();
    await clock.advance(1000);
  }
  assert.equal(stub.commands().filter((cmd) => cmd === 324).length, 1);
  const slots = [{ tool: 1, unit: "0", slot: "1" }];
  await bench.ask("start", { file: "cube.gcode", slots, plate: "smooth" });
  assert.deepEqual(stub.last(128), {
    Filename: "/local/cube.gcode",
    StartLayer: 0,
    Calibration_switch: 0,
    PrintPlatformType: 1,
    Tlp_Switch: 0,
    slot_map: [{ t: 1, canvas_id: 0, tray_id: 1 }],
  });
  await assert.rejects(bench.ask("start", { file: "cube.gcode", slots: [{ tool: 0, unit: "0", slot: "9" }] }), {
    code: "invalid_input",
    message: /0\/0, 0\/1/u,
  });
});
