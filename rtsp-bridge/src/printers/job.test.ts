import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameJob, jobNews } from "./job.ts";

const job = (id: string | null, file: string | null) => ({ id, file });
const kindOf = (phase: string): string => jobNews({ id: "a", phase, job: null }).kind;

void test("a job runs from its preparation to its last movement, pauses included", () => {
  for (const phase of ["preparing", "printing", "pausing", "paused", "resuming", "stopping"]) {
    assert.equal(kindOf(phase), "running", phase);
  }
  for (const phase of ["idle", "finished", "stopped", "failed"]) assert.equal(kindOf(phase), "over", phase);
});

void test("a printer that is not heard, or busy with something, leaves it open", () => {
  for (const phase of ["unknown", "busy", "a word of tomorrow"]) assert.equal(kindOf(phase), "unclear", phase);
});

void test("what is not told of a job is null", () => {
  assert.deepEqual(jobNews({ id: "a", phase: "paused", job: { file: "x.gcode" } }), {
    kind: "running",
    job: { id: null, file: "x.gcode", layer: null },
    isMoving: false,
  });
});

void test("jobs are told apart by the printer's id, else by the file; what is unknown parts nothing", () => {
  assert.equal(isSameJob(job("1", "a"), job("1", "b")), true);
  assert.equal(isSameJob(job("1", "a"), job("2", "a")), false);
  assert.equal(isSameJob(job(null, "a"), job("2", "a")), true);
  assert.equal(isSameJob(job(null, "a"), job(null, "b")), false);
  assert.equal(isSameJob(job(null, null), job(null, "b")), true);
});
