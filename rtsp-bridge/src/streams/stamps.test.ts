import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Stamps } from "./stamps.ts";

test("the first picture is at 0", () => {
  const stamps = new Stamps();
  assert.equal(stamps.isNew, true);
  assert.equal(stamps.next(17), 0);
  assert.equal(stamps.isNew, false);
});

test("stamps are whole and rise", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 3000, noNaN: true })), (pictures) => {
      const stamps = new Stamps();
      let last = stamps.next(0);
      for (const elapsedMs of pictures) {
        const stampMs = stamps.next(elapsedMs);
        assert.ok(stampMs > last && Number.isInteger(stampMs));
        last = stampMs;
      }
    }),
  );
});

test("a stamp is the time of the picture to the millisecond", () => {
  const stamps = new Stamps();
  stamps.next(0);
  for (const elapsedMs of [67, 133, 200]) assert.equal(stamps.next(elapsedMs), elapsedMs);
});

test("an encoder that was primed goes on a second behind", () => {
  const stamps = new Stamps(0);
  assert.equal(stamps.isNew, false);
  assert.equal(stamps.beginsAtMs, 1000);
  assert.equal(stamps.next(1000), 1000);
});
