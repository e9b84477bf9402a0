import assert from "node:assert/strict";
import { test } from "node:test";
import { commandNames } from "./commands.ts";
import { kebabCase, metricName, snakeCase } from "./naming.ts";

test("one name has one spelling per surface", () => {
  assert.equal(kebabCase("setHeaterTarget"), "set-heater-target");
  assert.equal(snakeCase("setHeaterTarget"), "set_heater_target");
  assert.equal(metricName("job.progressRatio"), "gantry_job_progress_ratio");
});

test("no two commands share a spelling", () => {
  assert.equal(new Set(commandNames.map(kebabCase)).size, commandNames.length);
});
