import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog, type Log } from "@gantry/platform/log";
import { StderrReader } from "./stderr.ts";

function reading(): { reader: StderrReader; clock: FakeClock; lines: string[] } {
  const lines: string[] = [];
  const log: Log = { ...silentLog, warn: (line) => lines.push(line), debug: (line) => lines.push(line) };
  const clock = new FakeClock();
  return { reader: new StderrReader({ log, clock }), clock, lines };
}

test("lines cut anywhere are put together", () => {
  const { reader, lines } = reading();
  for (const letter of "[mjpeg @ 0x1] [error] overread 8\n[fatal] no") reader.push(letter);
  assert.deepEqual(lines, ["ffmpeg: overread 8"]);
});

test("the warning of every full-range source is left out", () => {
  const { reader, lines } = reading();
  reader.push("[swscaler @ 0x55f0d9a59400] [swscaler @ 0x2] [warning] deprecated pixel format used, make sure\n");
  assert.deepEqual(lines, []);
  assert.equal(reader.fault, null);
});

test("lines that differ only in numbers are said once a minute", async () => {
  const { reader, clock, lines } = reading();
  for (let turn = 0; turn < 100; turn += 1) reader.push(`[mjpeg @ 0x${turn}] [error] overread ${turn}\n`);
  assert.equal(lines.length, 1);
  await clock.advance(61_000);
  reader.push("[mjpeg @ 0x7] [error] overread 7\n");
  assert.equal(lines.length, 2);
});

test("the last error is the fault, in words where there are better ones", () => {
  const { reader } = reading();
  reader.push("[warning] slow\n[fatal] Unknown encoder 'libx264'\n");
  assert.match(reader.fault ?? "", /no libx264/u);
  reader.push("[error] something else\n");
  assert.equal(reader.fault, "ffmpeg: something else");
});

test("pictures that cannot be decoded are counted", () => {
  const { reader } = reading();
  reader.push("[error] Error while decoding stream #0:0: Invalid data found when processing input\n");
  reader.push("[vist#0:0/mjpeg @ 0x1] [error] Error submitting packet to decoder: Invalid data\n[warning] other\n");
  assert.equal(reader.undecodable, 2);
});

test("a line without end is cut", () => {
  const { reader, lines } = reading();
  for (let turn = 0; turn < 100; turn += 1) reader.push("x".repeat(1000));
  reader.push("\n");
  assert.ok((lines[0] ?? "").length < 3000);
});
