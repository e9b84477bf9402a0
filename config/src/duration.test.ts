import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

test("reads days, hours, minutes, seconds and milliseconds", () => {
  assert.equal(parseDuration("10s"), 10_000);
  assert.equal(parseDuration("1m30s"), 90_000);
  assert.equal(parseDuration("200ms"), 200);
  assert.equal(parseDuration("2h"), 7_200_000);
  assert.equal(parseDuration("7d"), 604_800_000);
  assert.equal(parseDuration("1d12h"), 129_600_000);
  assert.equal(parseDuration("1h1m1s1ms"), 3_661_001);
  assert.equal(parseDuration("90s"), 90_000);
  assert.equal(parseDuration("0s"), 0);
});

test("knows no other spelling", () => {
  for (const text of [
    "",
    "10",
    "s",
    "10 s",
    "1.5s",
    "-1s",
    "1s1m",
    "1s1s",
    "10S",
    "1h1d",
    "10s ",
    "١s",
    `${"9".repeat(20)}s`,
  ]) {
    assert.equal(parseDuration(text), undefined, JSON.stringify(text));
  }
});

test("writes what it reads", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 * 3_600_000 - 1 }), (ms) => {
      assert.equal(parseDuration(formatDuration(ms)), ms);
    }),
  );
});
