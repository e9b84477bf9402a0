// The sensor works while it is watched, and only then.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameSource } from "./frame-source.ts";

test("paints only while somebody watches, and gives all watchers the same picture", { timeout: 60_000 }, async () => {
  let looks = 0;
  const look = (): {
    headX: number;
    headY: number;
    grown: undefined;
    bedDrop: number;
    lightOn: boolean;
    nozzleHeat: number;
  } => {
    looks += 1;
    return { headX: 0, headY: 0, grown: undefined, bedDrop: 0, lightOn: true, nozzleHeat: 0 };
  };
  using source = new FrameSource({ width: 160, height: 90, framesPerSecond: 30, look });
  assert.equal(looks, 0);
  const [first, second] = await Promise.all([source.next(), source.next()]);
  assert.equal(first.jpeg, second.jpeg);
  const third = await source.next();
  assert.ok(third.frameNumber > first.frameNumber);
  const looked = looks;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(looks <= looked + 1, "one picture may have been under way");
});
