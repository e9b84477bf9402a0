import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { phases, unknownReadings } from "../../model/printer.ts";
import { decodeFrame, type Fields } from "./codec.ts";
import { isOccupied, readIdentity, readStatus } from "./state.ts";

const captures = new URL("captures/", import.meta.url);

describe("captures", () => {
  for (const name of readdirSync(captures)) {
    const { about, frame, expected } = JSON.parse(readFileSync(new URL(name, captures), "utf8")) as {
      about: string;
      frame: string;
      expected: object;
    };
    test(about, () => {
      const [message] = decodeFrame(frame);
      assert.equal(message?.kind, "status");
      const readings = readStatus(message.status);
      assert.deepEqual(round(readings), { ...unknownReadings, ...expected });
    });
  }
});

function round(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) => (typeof part === "number" ? Number(part.toFixed(3)) : part)),
  );
}

function status(list: number[], code: number, more: Fields = {}): Fields {
  return { CurrentStatus: list, PrintInfo: { Status: code, ...more } };
}

describe("phases", () => {
  const table: [string, number[], number, Fields, string, string | null][] = [
    ["pausing", [1], 5, {}, "pausing", "pausing"],
    ["paused", [1], 6, {}, "paused", "paused"],
    ["stopping", [1], 7, {}, "stopping", "stopping"],
    ["resuming", [1], 12, {}, "resuming", "resuming"],
    ["filament change is printing", [1], 25, {}, "printing", "filament change"],
    ["printing", [1], 13, {}, "printing", "printing"],
    ["parked on preheating done with layers done", [1], 20, { CurrentLayer: 3 }, "printing", "printing"],
    ["preheating done before the first layer", [1], 20, { CurrentLayer: 0 }, "preparing", "preheating done"],
    ["an error during a job", [1], 14, {}, "failed", "error"],
    ["complete for a moment", [1], 9, {}, "finished", "complete"],
    ["homing at the start of a job", [1], 1, {}, "preparing", "homing"],
    ["foreign object check", [1], 23, {}, "preparing", "foreign object check"],
    ["a code nobody has seen", [1], 99, {}, "preparing", "status 99"],
    ["printing while a file comes in", [1, 2], 13, {}, "printing", "printing"],
    ["a file comes in", [2], 0, {}, "busy", "receiving file"],
    ["the file check after it", [8], 10, {}, "busy", "checking file"],
    ["homing by hand", [9], 0, {}, "busy", "homing"],
    ["idle", [0], 0, {}, "idle", null],
    ["after a finished job", [0], 9, {}, "finished", null],
    ["after a stopped job", [0], 8, {}, "stopped", null],
    ["after a failed job", [0], 14, {}, "failed", null],
    ["a machine status nobody has seen", [42], 0, {}, "unknown", "status 42"],
  ];
  for (const [name, list, code, more, phase, stage] of table) {
    test(name, () => {
      const readings = readStatus(status(list, code, more));
      assert.deepEqual([readings.phase, readings.stage], [phase, stage]);
    });
  }

  test("a print may not be started during a job, a transfer or a file check", () => {
    assert.deepEqual(
      [[0], [1], [2], [8], [9]].map((list) => isOccupied({ CurrentStatus: list })),
      [false, true, true, true, false],
    );
    assert.equal(isOccupied({ CurrenStatus: [1] }), true);
  });
});

test("the job goes when the machine is idle, whatever the sticky sub-status says", () => {
  assert.equal(readStatus(status([0], 9, { Filename: "" })).job, null);
});

test("a file of the internal storage has the same name whichever way the firmware tells it", () => {
  const files = ["/local/a b.gcode", "a b.gcode", "/usb/a b.gcode"].map(
    (Filename) => readStatus(status([1], 13, { Filename })).job?.file,
  );
  assert.deepEqual(files, ["a b.gcode", "a b.gcode", "/usb/a b.gcode"]);
});

test("a job that is complete is wholly done, whatever its progress says", () => {
  assert.equal(readStatus(status([1], 9, { Progress: 99 })).job?.progressRatio, 1);
});

test("an error number is told in words", () => {
  assert.deepEqual(readStatus(status([0], 14, { ErrorNumber: 5 })).faults, [
    { code: "5", severity: "error", text: "the file was sliced for another printer model", help: null },
  ]);
});

test("an absent reading is unknown, not zero", () => {
  const readings = readStatus({ CurrentStatus: [0] });
  assert.deepEqual(readings.bed, { actualCelsius: null, targetCelsius: null });
  assert.deepEqual(readings.lights, [{ id: "chamber", on: null }]);
  assert.deepEqual(readings.fans[0], { id: "part", speedRatio: null });
});

test("any object reads as some state", () => {
  const anything = fc.dictionary(
    fc.constantFrom("CurrentStatus", "PrintInfo", "TempOfBox", "CurrentFanSpeed", "LightStatus"),
    fc.jsonValue(),
  );
  fc.assert(fc.property(anything, (value) => phases.includes(readStatus(value).phase)));
});

test("identity loses the firmware's leading V and keeps what is absent unknown", () => {
  assert.deepEqual(readIdentity({ MachineName: "Centauri Carbon", FirmwareVersion: "V1.1.46", MainboardID: "0a1b" }), {
    model: "Centauri Carbon",
    firmware: "1.1.46",
    serial: "0a1b",
  });
  assert.deepEqual(readIdentity({}), { model: null, firmware: null, serial: null });
});
