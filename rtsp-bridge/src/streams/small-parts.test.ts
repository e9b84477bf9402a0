import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import { Alarm } from "./alarm.ts";
import { EncoderRestarts } from "./encoder-restarts.ts";
import { Pace } from "./pace.ts";
import { RateLimit } from "./rate-limit.ts";
import { RateMeter } from "./rate-meter.ts";

function taken(limit: RateLimit, times: readonly number[]): number {
  return times.filter((nowMs) => limit.take(nowMs)).length;
}

test("a camera at the allowed rate loses no picture to its jitter", () => {
  const times = Array.from({ length: 150 }, (_, frame) => frame * (1000 / 15) + (frame % 3) * 10 - 10);
  assert.equal(taken(new RateLimit(15), times), 150);
});

test("of a camera at twice the rate every other picture is taken", () => {
  const times = Array.from({ length: 300 }, (_, frame) => (frame * 1000) / 30);
  assert.equal(taken(new RateLimit(15), times), 150);
});

test("a pause earns no burst", () => {
  const limit = new RateLimit(10);
  assert.equal(taken(limit, [0, 10_000, 10_010, 10_020, 10_030]), 2);
});

test("rates are those of the last five seconds", () => {
  const meter = new RateMeter(0);
  for (let nowMs = 0; nowMs < 10_000; nowMs += 100) meter.count(nowMs, 125);
  assert.deepEqual(meter.read(10_000), { framesPerSecond: 10, bitsPerSecond: 10_000 });
  assert.deepEqual(meter.read(30_000), { framesPerSecond: 0, bitsPerSecond: 0 });
});

test("five quick deaths of an encoder are failure, and a minute of life forgives them", () => {
  const restarts = new EncoderRestarts();
  const delays = [100, 100, 100, 100, 100].map((ranMs) => restarts.next(ranMs).delayMs);
  assert.deepEqual(delays, [0, 500, 1000, 2000, 5000]);
  assert.deepEqual(restarts.next(100), { delayMs: 30_000, failed: true });
  assert.deepEqual(restarts.next(2000), { delayMs: 0, failed: false });
  assert.deepEqual(restarts.next(100), { delayMs: 30_000, failed: true });
  assert.deepEqual(restarts.next(60_000), { delayMs: 0, failed: false });
  assert.deepEqual(restarts.next(100), { delayMs: 0, failed: false });
});

test("a stall hardly changes what is known of a camera's pace", () => {
  const pace = new Pace();
  for (let frame = 0; frame < 50; frame += 1) pace.count(frame * 100);
  assert.ok(Math.abs(pace.intervalMs - 100) < 1);
  pace.count(60_000);
  assert.ok(pace.intervalMs < 150);
});

test("an alarm rings once at the time set last", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const rung: number[] = [];
  const alarm = new Alarm(clock, stop.signal, () => rung.push(clock.monotonic()));
  alarm.set(1000);
  alarm.set(500);
  alarm.set(2000);
  await clock.advance(1999);
  assert.deepEqual(rung, []);
  await clock.advance(5000);
  assert.deepEqual(rung, [2000]);
  alarm.set(8000);
  stop.abort();
  await clock.advance(5000);
  alarm.set(20_000);
  await clock.advance(20_000);
  assert.deepEqual(rung, [2000]);
  assert.equal(clock.pending, 0);
});
