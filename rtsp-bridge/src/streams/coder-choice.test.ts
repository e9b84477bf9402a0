import assert from "node:assert/strict";
import { test } from "node:test";
import { software, type Coder } from "../ffmpeg/coders.ts";
import { CoderChoice } from "./coder-choice.ts";

const device: Coder = { kind: "vaapi", device: "/dev/dri/renderD128" };
const early = { ranMs: 900, hung: false, reason: "ffmpeg ended with code 1" };
const late = { ranMs: 60_000, hung: false, reason: "ffmpeg was ended by SIGKILL" };

function chosen(): CoderChoice {
  const choice = new CoderChoice();
  choice.choose(device);
  return choice;
}

test("a device that ends early twice is given up, with the reason", () => {
  const choice = chosen();
  assert.equal(choice.ended(device, early, 0), false);
  assert.equal(choice.ended(device, early, 1000), true);
  assert.equal(choice.coder, software);
  assert.equal(choice.fallbacks, 1);
  assert.match(choice.trouble ?? "", /vaapi failed: ffmpeg ended with code 1/u);
});

test("one that hangs counts as early however long it ran", () => {
  const choice = chosen();
  choice.ended(device, { ...late, hung: true }, 0);
  assert.equal(choice.ended(device, { ...late, hung: true }, 1000), true);
});

test("ends after a long run are forgiven until they repeat", () => {
  const choice = chosen();
  for (let end = 0; end < 4; end += 1) assert.equal(choice.ended(device, late, end * 60_000), false);
  assert.equal(choice.ended(device, late, 240_000), true);
});

test("ends that lie far apart have nothing to do with each other", () => {
  const choice = chosen();
  for (let end = 0; end < 9; end += 1) assert.equal(choice.ended(device, early, end * 700_000), false);
});

test("x264 has nothing to fall back to", () => {
  const choice = new CoderChoice();
  for (let end = 0; end < 9; end += 1) assert.equal(choice.ended(software, early, end), false);
  assert.equal(choice.trouble, null);
});

test("another choice begins anew, and the same one changes nothing", () => {
  const choice = chosen();
  choice.ended(device, early, 0);
  choice.ended(device, early, 1);
  choice.choose({ ...device });
  assert.equal(choice.coder, software);
  choice.choose({ ...device, device: "/dev/dri/renderD129" });
  assert.equal(choice.coder.kind, "vaapi");
  assert.equal(choice.trouble, null);
});
