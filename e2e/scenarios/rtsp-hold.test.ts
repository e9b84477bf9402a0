// A camera that goes silent under a viewer: the same session goes on, decodes without a complaint,
// and shows the camera again as soon as it is back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

test("a silent camera is held on one session, and live again when it sends", { timeout: 240_000 }, async () => {
  await using stack = await Stack.start({ bridge: true });
  await using viewer = stack.watch("cc1");
  await viewer.showsLive(10);
  // An odd and an even number of held pictures: either may be the last before the camera is back.
  for (const seconds of [7, 8]) {
    await stack.fault("cc1", "camera-stall");
    await until("the stream is held", async () => (await stack.stream("cc1"))["state"] === "holding");
    const before = viewer.seen.length;
    await wait(seconds * 1000);
    const held = viewer.seen.slice(before);
    assert.ok(held.length >= seconds - 2, `${held.length} pictures in ${seconds} s`);
    assert.ok(held.every(({ code }) => code !== undefined));
    await stack.fault("cc1", "camera-stall", { clear: true });
    await viewer.showsLive(5, Date.now());
    await wait(3000);
  }
  const numbers = viewer.live.map(({ frameNumber }) => frameNumber);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
  assert.equal(viewer.errors, "");
  assert.equal((await stack.stream("cc1"))["restarts"], 0);
});
