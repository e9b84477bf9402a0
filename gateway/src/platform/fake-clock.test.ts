import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "./fake-clock.ts";

void test("time stands still until it is moved", async () => {
  const clock = new FakeClock(1000);
  await clock.advance(0);
  assert.equal(clock.now(), 1000);
  await clock.advance(250);
  assert.equal(clock.now(), 1250);
  assert.equal(clock.monotonic(), 250);
});

void test("waits end in the order of their time, at their time", async () => {
  const clock = new FakeClock();
  const ended: [string, number][] = [];
  const note = async (name: string, ms: number): Promise<void> => {
    await clock.wait(ms);
    ended.push([name, clock.monotonic()]);
  };
  const all = Promise.all([note("late", 30), note("early", 10), note("also early", 10)]);
  await clock.advance(29);
  assert.deepEqual(ended, [
    ["early", 10],
    ["also early", 10],
  ]);
  await clock.advance(1);
  await all;
  assert.deepEqual(ended.at(-1), ["late", 30]);
  assert.equal(clock.pending, 0);
});

void test("a wait begun by the end of another falls due within the same advance", async () => {
  const clock = new FakeClock();
  const at: number[] = [];
  const loop = (async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      await clock.wait(10);
      at.push(clock.monotonic());
    }
  })();
  await clock.advance(30);
  await loop;
  assert.deepEqual(at, [10, 20, 30]);
});

void test("an abort rejects with the reason and forgets the wait", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const reason = new Error("enough");
  const wait = clock.wait(10, controller.signal);
  controller.abort(reason);
  await assert.rejects(wait, (error) => error === reason);
  await assert.rejects(clock.wait(10, controller.signal), (error) => error === reason);
  assert.equal(clock.pending, 0);
});

void test("stepping the wall clock leaves monotonic time and waits alone", async () => {
  const clock = new FakeClock(0);
  const wait = clock.wait(10);
  clock.step(3_600_000);
  assert.equal(clock.monotonic(), 0);
  assert.equal(clock.pending, 1);
  await clock.advance(10);
  await wait;
  assert.equal(clock.now(), 3_600_010);
});
