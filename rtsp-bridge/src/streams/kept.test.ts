import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { silentLog, type Log } from "@gantry/platform/log";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import type { Kept } from "./kept.ts";
import { openKnowledge } from "./knowledge.ts";

async function directory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "gantry-sizes-"));
  t.after(async () => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function openSizes(dir: string, log: Log): Promise<Kept<PictureSize>> {
  return (await openKnowledge(dir, log)).sizes;
}

test("sizes come back after a restart, and no half-written file is left", async (t) => {
  const dir = join(await directory(t), "made", "later");
  const sizes = await openSizes(dir, silentLog);
  assert.equal(sizes.get("cc1"), undefined);
  for (let width = 2; width <= 64; width += 2) sizes.set("cc1", { width, height: 36 });
  sizes.set("cc2", { width: 640, height: 360 });
  await sizes.flushed();
  const again = await openSizes(dir, silentLog);
  assert.deepEqual(again.get("cc1"), { width: 64, height: 36 });
  assert.deepEqual(again.get("cc2"), { width: 640, height: 360 });
  assert.deepEqual(await readdir(dir), ["streams.json"]);
});

for (const text of ["", "{", "[]", '{"known":{"cc1":{"width":0,"height":-1}}}', '{"known":null}']) {
  test(`a file of ${JSON.stringify(text)} is told of once and learned anew`, async (t) => {
    const dir = await directory(t);
    await writeFile(join(dir, "streams.json"), text);
    const told: string[] = [];
    const log: Log = { ...silentLog, warn: (message) => told.push(message) };
    const sizes = await openSizes(dir, log);
    assert.equal(told.length, 1);
    sizes.set("cc1", { width: 640, height: 360 });
    await sizes.flushed();
    assert.match(await readFile(join(dir, "streams.json"), "utf8"), /640/u);
  });
}

test("a directory that cannot be written to is told of, and the size is known all the same", async (t) => {
  const dir = await directory(t);
  await writeFile(join(dir, "file"), "");
  const told: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => told.push(message) };
  const sizes = await openSizes(join(dir, "file", "below"), log);
  sizes.set("cc1", { width: 640, height: 360 });
  await sizes.flushed();
  assert.ok(told.length > 0);
  assert.deepEqual(sizes.get("cc1"), { width: 640, height: 360 });
});

test("parameter sets come back as they were", async (t) => {
  const dir = await directory(t);
  const sets = { sps: Uint8Array.of(0x67, 0, 255, 1, 2, 3), pps: Uint8Array.of(0x68, 9, 8, 7, 6, 5) };
  const before = await openKnowledge(dir, silentLog);
  before.sets.set("key", sets);
  await before.flushed();
  const again = await openKnowledge(dir, silentLog);
  assert.deepEqual([...(again.sets.get("key")?.sps ?? [])], [...sets.sps]);
  assert.deepEqual([...(again.sets.get("key")?.pps ?? [])], [...sets.pps]);
  assert.equal(again.sets.get("another"), undefined);
});

test("what is kept is bounded, and the oldest goes first", async (t) => {
  const sizes = await openSizes(await directory(t), silentLog);
  for (let index = 0; index < 300; index += 1) sizes.set(`c${index}`, { width: 64, height: 36 });
  await sizes.flushed();
  assert.equal(sizes.get("c0"), undefined);
  assert.deepEqual(sizes.get("c299"), { width: 64, height: 36 });
});
