import { strict as assert } from "node:assert";
import { test } from "node:test";
import { FakeClock } from "./fake-clock.ts";
import { GuessLimit } from "./guess-limit.ts";

test("after ten wrong ones an address waits, and gets one more every ten seconds", async () => {
  const clock = new FakeClock();
  const limit = new GuessLimit(clock);
  for (let guess = 0; guess < 10; guess += 1) {
    assert.equal(limit.waitMs("a"), 0);
    limit.wrong("a", String(guess));
  }
  assert.equal(limit.waitMs("a"), 10_000);
  assert.equal(limit.waitMs("b"), 0);
  await clock.advance(10_000);
  assert.equal(limit.waitMs("a"), 0);
  limit.wrong("a", "x");
  assert.equal(limit.waitMs("a"), 10_000);
});

test("only the first of a row is worth telling", async () => {
  const clock = new FakeClock();
  const limit = new GuessLimit(clock);
  assert.deepEqual([limit.wrong("a", "1"), limit.wrong("a", "2"), limit.wrong("b", "1")], [true, false, true]);
  await clock.advance(120_000);
  assert.equal(limit.wrong("a", "3"), true);
});

test("what was shown is remembered, the last ten", () => {
  const limit = new GuessLimit(new FakeClock());
  for (let guess = 0; guess < 11; guess += 1) limit.wrong("a", String(guess));
  assert.deepEqual(
    ["0", "1", "10", "11"].map((guess) => limit.isKnown("a", guess)),
    [false, true, true, false],
  );
  assert.equal(limit.isKnown("b", "10"), false);
});
