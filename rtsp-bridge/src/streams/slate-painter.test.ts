import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { jpegSize } from "../ffmpeg/jpeg.ts";
import { SlatePainter } from "./slate-painter.ts";

const limit = { timeout: 90_000 };
const size = { width: 64, height: 48 };
const text = { title: "Centauri", message: "Waiting for the camera", detail: null };

function children(): number {
  const lines = execFileSync("ps", ["-o", "args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  return lines.split("\n").filter((line) => line.includes("slate-child")).length;
}

test("slates asked for together are each drawn at their size, and then nothing runs", limit, async () => {
  await using painter = new SlatePainter();
  const sizes = [size, { width: 160, height: 120 }, { width: 320, height: 180 }];
  const drawn = await Promise.all(sizes.map(async (one) => painter.draw(one, text)));
  assert.deepEqual(
    drawn.map((jpeg) => jpegSize(jpeg)),
    sizes,
  );
  assert.equal(children(), 1);
  while (children() > 0) await wait(50);
  assert.deepEqual(jpegSize(await painter.draw(size, text)), size);
});

test("one that cannot be drawn is refused, and the next is drawn", limit, async () => {
  await using painter = new SlatePainter();
  const [impossible, next] = await Promise.allSettled([
    painter.draw({ width: -1, height: 0 }, text),
    painter.draw(size, text),
  ]);
  assert.equal(impossible.status, "rejected");
  assert.equal(next.status, "fulfilled");
});

test("what is under way when the bridge stops is given up, and no child is left", limit, async () => {
  const painter = new SlatePainter();
  const drawn = painter.draw(size, text);
  const refused = assert.rejects(drawn);
  await painter[Symbol.asyncDispose]();
  await refused;
  assert.equal(children(), 0);
  await assert.rejects(painter.draw(size, text), /stops/u);
});
