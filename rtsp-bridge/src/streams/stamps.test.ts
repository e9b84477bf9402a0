import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Stamps } from "./stamps.ts";

test("the first picture is a key picture at 0", () => {
  assert.deepEqual(new Stamps().next(17, false), { stampMs: 0, key: true });
});

test("stamps rise by at least 2 ms, and are odd exactly for key pictures", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.boolean())), (pictures) => {
      const stamps = new Stamps();
      let last = stamps.next(0, false).stampMs;
      for (const [elapsedMs, wantKey] of pictures) {
        const { stampMs, key } = stamps.next(elapsedMs, wantKey);
        assert.ok(stampMs >= last + 2);
        assert.equal(stampMs % 2 === 1, key);
        if (wantKey) assert.ok(key);
        last = stampMs;
      }
    }),
  );
});

test("a stamp is the time of the picture to the millisecond or one above", () => {
  const stamps = new Stamps();
  stamps.next(0, false);
  for (const elapsedMs of [67, 133, 200]) {
    const { stampMs } = stamps.next(elapsedMs, false);
    assert.ok(stampMs === elapsedMs || stampMs === elapsedMs + 1);
  }
});

for (const framesPerSecond of [2, 5, 10, 15, 30]) {
  test(`at ${framesPerSecond} fps a key picture comes every second`, () => {
    const stamps = new Stamps();
    const keys: number[] = [];
    for (let frame = 0; frame < framesPerSecond * 10; frame += 1) {
      const { stampMs, key } = stamps.next((frame * 1000) / framesPerSecond, false);
      if (key) keys.push(stampMs);
    }
    assert.equal(keys.length, 10);
    for (const [index, stampMs] of keys.entries()) assert.ok(Math.abs(stampMs - index * 1000) <= 100);
  });
}
