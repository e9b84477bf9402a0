import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import { Segments } from "./segments.ts";

const startedAtMs = 1_767_225_600_000;

async function bench(context: TestContext) {
  const root = await mkdtemp(join(tmpdir(), "gantry-segments-"));
  context.after(async () => rm(root, { recursive: true, force: true }));
  const clock = new FakeClock(startedAtMs + 60_000);
  const write = async (printer: string, name: string, bytes: number, modifiedMs: number): Promise<void> => {
    const file = join(root, printer, name);
    await mkdir(join(root, printer), { recursive: true });
    await writeFile(file, Buffer.alloc(bytes));
    await utimes(file, modifiedMs / 1000, modifiedMs / 1000);
  };
  return { clock, write, segments: new Segments(root, clock) };
}

const first = "2026-01-01_00-00-00_1767225600-000000.mp4";
const second = "2026-01-01_00-10-00_1767226200-500000.mp4";

void test("a segment is known by its name, and is whole when nothing was added for a while", async (context) => {
  const { clock, write, segments } = await bench(context);
  await write("cc1", first, 100, startedAtMs + 58_000);
  await segments.scan();
  assert.partialDeepStrictEqual(segments.list(), [
    { id: "cc1.1767225600-000000", printer: "cc1", startedAtMs, endedAtMs: null, seconds: null, sizeBytes: 100 },
  ]);
  await clock.advance(20_000);
  await segments.scan();
  // Its header says nothing, as after a power cut: then the file's times do.
  assert.partialDeepStrictEqual(segments.list(), [{ endedAtMs: startedAtMs + 58_000, seconds: 58 }]);
});

void test("only the newest of a camera can be in writing", async (context) => {
  const { clock, write, segments } = await bench(context);
  await clock.advance(600_000);
  await write("cc1", first, 100, clock.now());
  await write("cc1", second, 100, clock.now());
  await segments.scan();
  assert.deepEqual(
    segments.list().map(({ endedAtMs }) => endedAtMs === null),
    [true, false],
  );
});

void test("what grows is counted, and not what was there before", async (context) => {
  const { clock, write, segments } = await bench(context);
  await write("cc1", first, 100, clock.now());
  await segments.scan();
  assert.deepEqual(segments.recorded("cc1"), { bytes: 0, segments: 0 });
  await write("cc1", first, 150, clock.now());
  await write("cc1", second, 10, clock.now());
  await segments.scan();
  await segments.scan();
  // The older one was still open when it grew.
  assert.deepEqual(segments.recorded("cc1"), { bytes: 60, segments: 1 });
  assert.equal(segments.sizeBytes, 160);
});

void test("other files and folders are left alone, and what is taken away is gone", async (context) => {
  const { clock, write, segments } = await bench(context);
  await write("cc1", "notes.txt", 5, clock.now());
  await write("Not a printer", first, 5, clock.now());
  await write("cc1", first, 5, clock.now());
  await segments.scan();
  assert.equal(segments.list().length, 1);
  await segments.remove(segments.list()[0]!);
  await segments.scan();
  assert.deepEqual(segments.list(), []);
});
