import assert from "node:assert/strict";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog } from "@gantry/platform/log";
import { Disk, readSpace, reserveBytes, type Space } from "./disk.ts";

void test("five percent stay free, of a large disk one gigabyte", () => {
  assert.equal(reserveBytes({ sizeBytes: 10e9 }), 0.5e9);
  assert.equal(reserveBytes({ sizeBytes: 4e12 }), 1e9);
});

void test("a disk that fills up is told, and is free again only with some room", async () => {
  let freeBytes = 60e6;
  const disk = new Disk("/x", silentLog, async (): Promise<Space> => ({ freeBytes, sizeBytes: 1e9 }));
  const looked = async (free: number): Promise<string | null> => {
    freeBytes = free;
    await disk.look();
    return disk.trouble;
  };
  assert.equal(await looked(60e6), null);
  assert.equal(await looked(50e6), null);
  assert.match((await looked(49e6)) ?? "", /the disk is full: less than 50 MB/);
  assert.equal(disk.freeBytes, 49e6);
  assert.match((await looked(55e6)) ?? "", /full/);
  assert.equal(await looked(63e6), null);
});

void test("a folder that is not there is told by its name", async () => {
  const disk = new Disk("/nowhere/at/all", silentLog);
  await disk.look();
  assert.match(disk.trouble ?? "", /\/nowhere\/at\/all cannot be written \(ENOENT\)/);
  assert.equal(disk.freeBytes, null);
});

void test("a folder is made as soon as it can be, and not again when it is taken away", async () => {
  const parent = await mkdtemp(join(tmpdir(), "gantry-disk-"));
  try {
    const blocked = join(parent, "mount");
    await writeFile(blocked, "");
    const folder = join(blocked, "recordings");
    const disk = new Disk(folder, silentLog);
    await disk.prepare();
    assert.match(disk.trouble ?? "", /cannot be written \(ENOTDIR\)/);
    await rm(blocked);
    await disk.look();
    assert.equal(disk.trouble, null);
    await rm(blocked, { recursive: true });
    await disk.look();
    assert.match(disk.trouble ?? "", /cannot be written \(ENOENT\)/);
    await assert.rejects(access(folder));
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
});

void test("a real folder has some space", async () => {
  const { freeBytes, sizeBytes } = await readSpace(tmpdir());
  assert.ok(freeBytes > 0 && sizeBytes >= freeBytes);
});
