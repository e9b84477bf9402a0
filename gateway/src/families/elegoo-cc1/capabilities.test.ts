import assert from "node:assert/strict";
import { test } from "node:test";
import { commandNames, commandRow } from "../../model/commands.ts";
import { capabilitiesOf, refusalDuringPrint, unavailableCommands } from "./capabilities.ts";
import { readFirmware } from "./firmware.ts";

const model = "Centauri Carbon";

test("time-lapses come with the firmware that is proven to export them, materials with a Canvas", () => {
  for (const [firmware, timelapses] of [
    ["V1.0.5", false],
    ["V1.1.46", true],
    ["V0.3.0-o", false],
  ] as const) {
    const has = capabilitiesOf(model, readFirmware(firmware), false);
    assert.deepEqual([has.has("timelapses"), has.has("materials")], [timelapses, false], firmware);
  }
  assert.ok(capabilitiesOf(model, readFirmware("V1.4.46"), true).has("materials"));
});

test("a machine that is no Centauri is watched and never told anything", () => {
  const has = capabilitiesOf("Saturn 4 Ultra", readFirmware("V1.4.2"), false);
  for (const name of commandNames) {
    const { needs, effect } = commandRow(name);
    assert.ok(effect === "observes" || needs === undefined || !has.has(needs), name);
  }
});

test("one that has not told its model has what all have", () => {
  assert.ok(capabilitiesOf(null, readFirmware(null), false).has("start"));
});

test("changes during a print are refused by stock firmware since 1.1.29 only", () => {
  const refusing = ["V1.0.5", "V1.1.28", "V1.1.29", "V1.4.49", "V0.3.0-o", "?"].filter(
    (firmware) => refusalDuringPrint(readFirmware(firmware)) !== null,
  );
  assert.deepEqual(refusing, ["V1.1.29", "V1.4.49"]);
});

function refused(text: string, inJob: boolean): string[] {
  return [...unavailableCommands(readFirmware(text), inJob).keys()];
}

test("what a firmware refuses during a print is told as such while one runs, and only then", () => {
  assert.deepEqual(refused("V1.1.46", true), ["setHeaterTarget", "setFanSpeed", "setLight"]);
  assert.deepEqual(refused("V1.1.46", false), []);
  assert.deepEqual(refused("V0.3.0-o", true), ["listTimelapses", "downloadTimelapse"]);
});
