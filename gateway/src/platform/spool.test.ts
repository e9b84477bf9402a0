// What is on disk while and after a stream is spooled.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { emptySpool, spool, SpoolLimitError } from "./spool.ts";

const never = new AbortController().signal;

/** A folder of the test's own, in which the spool's is made. */
async function place(): Promise<AsyncDisposable & { folder: string; left: () => Promise<string[]> }> {
  const root = await mkdtemp(join(tmpdir(), "gantry-spool-"));
  const folder = join(root, "data", "spool");
  return {
    folder,
    left: async () => readdir(folder),
    [Symbol.asyncDispose]: async () => rm(root, { recursive: true }),
  };
}

async function* cutOff(): AsyncGenerator<Buffer> {
  yield Buffer.from("some");
  throw new Error("cut off");
}

describe("spool", { timeout: 60_000 }, () => {
  it("holds the whole stream on disk, for this user alone, until it is disposed", async () => {
    await using at = await place();
    const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(index * 1000, index));
    const whole = Buffer.concat(chunks);
    const spooled = await spool(Readable.from(chunks), { folder: at.folder, maxBytes: whole.length, signal: never });
    assert.deepEqual(await readFile(spooled.path), whole);
    assert.equal(spooled.sizeBytes, whole.length);
    assert.equal(spooled.md5, createHash("md5").update(whole).digest("hex"));
    assert.equal((await stat(spooled.path)).mode & 0o777, 0o600);
    assert.equal((await stat(at.folder)).mode & 0o777, 0o700);
    await spooled[Symbol.asyncDispose]();
    await spooled[Symbol.asyncDispose]();
    assert.deepEqual(await at.left(), []);
  });

  it("takes an empty stream for what it is", async () => {
    await using at = await place();
    await using spooled = await spool(Readable.from([]), { folder: at.folder, maxBytes: 9, signal: never });
    assert.deepEqual([spooled.sizeBytes, spooled.md5], [0, "d41d8cd98f00b204e9800998ecf8427e"]);
  });

  it("stops at the limit, leaves no file and does not end the stream", async () => {
    await using at = await place();
    const stream = Readable.from(["abc", "d", "never read"].map((text) => Buffer.from(text)));
    await assert.rejects(spool(stream, { folder: at.folder, maxBytes: 3, signal: never }), SpoolLimitError);
    assert.deepEqual(await at.left(), []);
    assert.equal(stream.destroyed, false);
    stream.destroy();
  });

  it("leaves no file of a stream that fails", async () => {
    await using at = await place();
    await assert.rejects(spool(Readable.from(cutOff()), { folder: at.folder, maxBytes: 9, signal: never }), /cut off/u);
    assert.deepEqual(await at.left(), []);
  });

  it("ends with the signal's reason while it waits for more, and leaves no file", async () => {
    await using at = await place();
    const leave = new AbortController();
    const stalled = new Readable({ read: () => undefined });
    stalled.push("some");
    const spooling = spool(stalled, { folder: at.folder, maxBytes: 9, signal: leave.signal });
    while (!existsSync(at.folder)) await new Promise(setImmediate);
    leave.abort(new Error("left"));
    await assert.rejects(spooling, /left/u);
    assert.deepEqual(await at.left(), []);
    assert.equal(stalled.destroyed, true);
  });

  it("does nothing when it is too late", async () => {
    await using at = await place();
    const stream = Readable.from([Buffer.from("x")]);
    const signal = AbortSignal.abort(new Error("left"));
    await assert.rejects(spool(stream, { folder: at.folder, maxBytes: 9, signal }), /left/u);
    assert.equal(existsSync(at.folder), false);
  });

  it("tells why there can be no file", async () => {
    await using at = await place();
    await mkdir(join(at.folder, ".."));
    await writeFile(at.folder, "in the way");
    const spooling = spool(Readable.from([Buffer.from("x")]), { folder: at.folder, maxBytes: 9, signal: never });
    await assert.rejects(spooling, { code: "EEXIST" });
  });
});

describe("emptySpool", { timeout: 60_000 }, () => {
  it("removes what was left behind, and nothing else", async () => {
    await using at = await place();
    const { path } = await spool(Readable.from([Buffer.from("x")]), { folder: at.folder, maxBytes: 9, signal: never });
    await writeFile(join(at.folder, "mine.gcode"), "G28");
    emptySpool(at.folder);
    assert.equal(existsSync(path), false);
    assert.deepEqual(await at.left(), ["mine.gcode"]);
  });

  it("finds nothing in a folder that is not there", async () => {
    await using at = await place();
    emptySpool(at.folder);
    assert.equal(existsSync(at.folder), false);
  });
});
