import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { silentLog, type Log } from "@gantry/platform/log";
import { KnownSizes } from "./known-sizes.ts";

async function directory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "gantry-sizes-"));
  t.after(async () => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("sizes come back after a restart, and no half-written file is left", async (t) => {
  const dir = join(await directory(t), "made", "later");
  const sizes = await KnownSizes.open(dir, silentLog);
  assert.equal(sizes.get("cc1"), undefined);
  for (let width = 2; width <= 64; width += 2) sizes.set("cc1", { width, height: 36 });
  sizes.set("cc2", { width: 640, height: 360 });
  await sizes.flushed();
  const again = await KnownSizes.open(dir, silentLog);
  assert.deepEqual(again.get("cc1"), { width: 64, height: 36 });
  assert.deepEqual(again.get("cc2"), { width: 640, height: 360 });
  assert.deepEqual(await readdir(dir), ["streams.json"]);
});

for (const text of ["", "{", "[]", '{"sizes":{"cc1":{"width":0,"height":-1}}}', '{"sizes":null}']) {
  test(`a file of ${JSON.stringify(text)} is told of once and learned anew`, async (t) => {
    const dir = await directory(t);
    await writeFile(join(dir, "streams.json"), text);
    const told: string[] = [];
    const log: Log = { ...silentLog, warn: (message) => told.push(message) };
    const sizes = await KnownSizes.open(dir, log);
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
  const sizes = await KnownSizes.open(join(dir, "file", "below"), log);
  sizes.set("cc1", { width: 640, height: 360 });
  await sizes.flushed();
  assert.ok(told.length > 0);
  assert.deepEqual(sizes.get("cc1"), { width: 640, height: 360 });
});
