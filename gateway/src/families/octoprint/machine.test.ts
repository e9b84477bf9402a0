import assert from "node:assert/strict";
import { test } from "node:test";
import { readMachine, unknownMachine } from "./machine.ts";

test("limits are the profile's where they are lower, and ours where they are not", () => {
  const machine = readMachine({
    model: "Big",
    axes: { x: { speed: 6000 }, y: { speed: 50_000 }, z: { speed: 200 } },
    volume: { width: 200, depth: 1000, height: 0 },
    heatedChamber: true,
    extruder: { count: 2 },
  });
  assert.deepEqual(machine.reachMillimeters, { x: 200, y: 500, z: 500 });
  assert.deepEqual(machine.jogMillimetersPerMinute, { x: 6000, y: 12_000, z: 200 });
  assert.deepEqual([machine.nozzles, machine.hasBed, machine.hasChamber], [2, false, true]);
});

test("extruders that share a nozzle are one nozzle", () => {
  assert.equal(readMachine({ extruder: { count: 4, sharedNozzle: true } }).nozzles, 1);
});

test("a profile nobody may read is a usual machine", () => {
  assert.deepEqual([unknownMachine.nozzles, unknownMachine.hasBed, unknownMachine.model], [1, true, null]);
});
