import assert from "node:assert/strict";
import { test } from "node:test";
import { isTooOld } from "./ffmpeg.ts";

test("5.1 and newer are taken, older ones are not", () => {
  assert.equal(isTooOld("ffmpeg version 5.1.6-0+deb12u1 Copyright (c) 2000-2024"), false);
  assert.equal(isTooOld("ffmpeg version n7.1 Copyright"), false);
  assert.equal(isTooOld("ffprobe version 10.0 Copyright"), false);
  assert.equal(isTooOld("ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright"), true);
  assert.equal(isTooOld("ffmpeg version 5.0 Copyright"), true);
});

test("a build from git has no number and is taken", () => {
  assert.equal(isTooOld("ffmpeg version N-109542-g5ce0a0c Copyright"), false);
});
