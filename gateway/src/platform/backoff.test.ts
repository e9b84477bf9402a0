import assert from "node:assert/strict";
import { it } from "node:test";
import { Backoff } from "./backoff.ts";

it("doubles up to its bound and counts the failures", () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 1000, jitterRatio: 0 });
  const delays = Array.from({ length: 6 }, () => backoff.next());
  assert.deepEqual(delays, [100, 200, 400, 800, 1000, 1000]);
  assert.equal(backoff.failures, 6);
});

it("begins again after a success", () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 1000, jitterRatio: 0 });
  backoff.next();
  backoff.next();
  backoff.reset();
  assert.equal(backoff.failures, 0);
  assert.equal(backoff.next(), 100);
});

it("shortens a delay by its jitter and never lengthens it", () => {
  const delays = [0, 0.5, 1].map((random) => {
    return new Backoff({ firstMs: 100, maxMs: 1000, jitterRatio: 0.5, random: () => random }).next();
  });
  assert.deepEqual(delays, [100, 75, 50]);
});

it("never goes below what the other side asks for", () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 1000, jitterRatio: 0.9, random: () => 1 });
  assert.equal(backoff.next(100), 100);
  assert.equal(backoff.next(60_000), 60_000);
});

it("stays at its bound after any number of failures", () => {
  const backoff = new Backoff({ firstMs: 1, maxMs: 30_000, jitterRatio: 0 });
  for (let count = 0; count < 5000; count += 1) backoff.next();
  assert.equal(backoff.next(), 30_000);
});
