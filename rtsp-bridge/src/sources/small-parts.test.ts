import assert from "node:assert/strict";
import { test } from "node:test";
import { sizeOf } from "./picture-size.ts";
import { shownUrl } from "./target.ts";
import { VideoClock } from "./video-clock.ts";

test("a set tells its size, and a broken one none", () => {
  assert.deepEqual(
    sizeOf(Buffer.from("6742c016da0280bfe5c04400000300040000030 07a3c58ba80".replaceAll(" ", ""), "hex")),
    {
      width: 640,
      height: 360,
    },
  );
  assert.equal(sizeOf(Buffer.of(0x67, 0x42)), undefined);
  assert.equal(sizeOf(Buffer.of()), undefined);
});

test("an address is shown without user and password", () => {
  assert.equal(shownUrl("rtsps://me:p%40ss@cam:322/live?a=b@c"), "rtsps://cam:322/live?a=b@c");
  assert.equal(shownUrl("rtsp://cam/a@b"), "rtsp://cam/a@b");
});

test("the camera's clock is followed, a frozen one is not, and time never goes back", () => {
  const clock = new VideoClock();
  assert.equal(clock.take(2 ** 32 - 1800, 1000), 1000);
  // 40 ms later by its stamp, which wraps; it arrived 90 ms later.
  const second = clock.take(1800, 1090);
  assert.ok(second >= 1040 && second < 1041, String(second));
  // A stamp that stands still: the arrival counts.
  assert.equal(clock.take(1800, 1130), 1130);
  // Another session's clock.
  clock.restart();
  assert.equal(clock.take(77, 1131), 1131);
  assert.ok(clock.take(77 + 90 * 60_000, 1132) > 1131);
});
