import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilities } from "./capabilities.ts";
import { stateDocument, stateSchema } from "./document.ts";
import { unknownReadings, type PrinterState } from "./printer.ts";
import { telemetry } from "./telemetry.ts";

const everything = new Set(capabilities);

const printing: PrinterState = {
  ...unknownReadings,
  id: "cc1",
  connected: true,
  reason: null,
  updatedAt: "2026-01-01T00:00:00.000Z",
  control: false,
  phase: "printing",
  stage: "first layer",
  job: {
    id: "j",
    file: "cube.gcode",
    progressRatio: 0.42,
    elapsedSeconds: 812,
    remainingSeconds: 1120,
    layer: 42,
    layers: 100,
  },
  nozzles: [{ id: "0", actualCelsius: 219.9, targetCelsius: 220 }],
  bed: { actualCelsius: 60.1, targetCelsius: 60 },
  chamber: { actualCelsius: 31.2, targetCelsius: null },
  fans: [
    { id: "part", speedRatio: 1 },
    { id: "aux", speedRatio: 0.5 },
  ],
  speedRatio: 1,
  speedMode: "balanced",
  lights: [{ id: "chamber", on: true }],
  materials: [{ unit: "0", slot: "2", type: "PLA", colorHex: "#FF8800", remainingRatio: 0.6, active: true }],
  faults: [{ code: "9", severity: "warning", text: "…", help: null }],
};

test("the document has the shape users rely on", () => {
  assert.deepEqual(stateDocument(printing, everything), {
    id: "cc1",
    connected: true,
    reason: null,
    updatedAt: "2026-01-01T00:00:00.000Z",
    phase: "printing",
    stage: "first layer",
    control: false,
    job: {
      id: "j",
      file: "cube.gcode",
      progressRatio: 0.42,
      elapsedSeconds: 812,
      remainingSeconds: 1120,
      layer: 42,
      layers: 100,
    },
    nozzles: [
      {
        id: "0",
        actualCelsius: 219.9,
        targetCelsius: 220,
        diameterMillimeters: null,
        kind: null,
        active: null,
      },
    ],
    bed: { actualCelsius: 60.1, targetCelsius: 60 },
    chamber: { actualCelsius: 31.2, targetCelsius: null },
    fans: [
      { id: "part", speedRatio: 1 },
      { id: "aux", speedRatio: 0.5 },
    ],
    speedRatio: 1,
    speedMode: "balanced",
    lights: [{ id: "chamber", on: true }],
    materials: [
      {
        unit: "0",
        slot: "2",
        type: "PLA",
        name: null,
        colorHex: "#FF8800",
        remainingRatio: 0.6,
        active: true,
        present: null,
        nozzleMinimumCelsius: null,
        nozzleMaximumCelsius: null,
        profile: null,
      },
    ],
    materialUnits: [],
    filamentLoaded: null,
    doorOpen: null,
    airMode: null,
    options: [],
    recording: null,
    timelapse: null,
    modules: [],
    commandAccess: null,
    autoRefill: null,
    position: null,
    zOffsetMillimeters: null,
    signalDbm: null,
    storages: [],
    connections: [],
    powerDevices: [],
    faults: [{ code: "9", severity: "warning", text: "…", help: null }],
  });
});

test("a printer that is not connected shows no reading", () => {
  const away = { ...unknownReadings, id: "cc1", connected: false, reason: "off", updatedAt: null, control: false };
  const document = stateDocument(away, everything);
  assert.equal(document["phase"], "unknown");
  assert.equal(document["job"], null);
  assert.equal(document["bed"], null);
  assert.deepEqual(document["nozzles"], []);
});

test("a job whose values are unknown is not the same as no job", () => {
  const job = {
    id: null,
    file: null,
    progressRatio: null,
    elapsedSeconds: null,
    remainingSeconds: null,
    layer: null,
    layers: null,
  };
  assert.deepEqual(stateDocument({ ...printing, job }, everything)["job"], job);
});

test("what a printer does not have is null or empty", () => {
  const document = stateDocument(printing, new Set());
  assert.equal(document["chamber"], null);
  assert.equal(document["speedRatio"], null);
  assert.deepEqual(document["fans"], []);
});

test("every document fits its schema, and the schema has every row", () => {
  const schema = stateSchema();
  schema.parse(stateDocument(printing, everything));
  schema.parse(stateDocument(printing, new Set()));
  const text = JSON.stringify(schema.toJSONSchema());
  for (const { summary } of telemetry) assert.ok(text.includes(JSON.stringify(summary)), summary);
});

test("keys are unique and carry their unit", () => {
  assert.equal(new Set(telemetry.map(({ key }) => key)).size, telemetry.length);
  for (const { key, unit } of telemetry) {
    if (unit !== undefined) assert.ok(key.toLowerCase().endsWith(unit), `${key} should end in ${unit}`);
  }
});
