import assert from "node:assert/strict";
import { test } from "node:test";
import { keyExpression, steeredStamp, takeExpression, ticksPerMs, type Take } from "./steering.ts";

const takes: readonly Take[] = ["none", "plain", "key"];

test("each pair of takes has a stamp of its own that rounds to its millisecond", () => {
  const stamps = takes.flatMap((main) => takes.map((sub) => steeredStamp(7, [main, sub])));
  assert.equal(new Set(stamps).size, 9);
  for (const stamp of stamps) assert.equal(Math.round(stamp / ticksPerMs), 7);
});

test("the first picture says nothing, for ffmpeg counts from its stamp", () => {
  assert.equal(steeredStamp(0, ["key", "key"]), 0);
});

test("an expression reads the digit of its output and is one word", () => {
  for (const expression of [keyExpression(0), keyExpression(1), takeExpression(0), takeExpression(1)]) {
    assert.match(expression, /^\S+$/u);
  }
  assert.match(keyExpression(1), /\/4\),4\),2\)$/u);
});
