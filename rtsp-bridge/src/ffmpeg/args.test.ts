import assert from "node:assert/strict";
import { test } from "node:test";
import { bitsPerSecond, codedSize, encoderArguments, encoderKey } from "./args.ts";

const plan = { size: { width: 1280, height: 720 }, framesPerSecond: 15, threads: 1 };

function after(args: readonly string[], name: string): string | undefined {
  return args[args.indexOf(name) + 1];
}

test("pictures come in on stdin and leave on stdout, and nothing else is opened", () => {
  const args = encoderArguments(plan);
  assert.equal(after(args, "-i"), "pipe:0");
  assert.equal(args.at(-1), "pipe:1");
  assert.equal(args.filter((word) => word.includes("://")).length, 0);
  assert.ok(!args.includes("-y"));
});

test("options of the input stand before it and those of the output after", () => {
  const args = encoderArguments(plan);
  const input = args.indexOf("-i");
  for (const name of ["-probesize", "-analyzeduration", "-fpsprobesize"]) assert.ok(args.indexOf(name) < input);
  for (const name of ["-c:v", "-force_key_frames", "-enc_time_base"]) assert.ok(args.indexOf(name) > input);
  assert.equal(args.indexOf("-f"), input - 2);
});

test("every word is one argument, and every option has its own", () => {
  for (const word of encoderArguments(plan)) assert.match(word, /^\S+$/u);
});

test("equal plans give equal words", () => {
  assert.deepEqual(encoderArguments(plan), encoderArguments({ ...plan }));
});

test("rate control knows the rate, and the bitrate is capped", () => {
  const args = encoderArguments({ ...plan, framesPerSecond: 30 });
  assert.match(after(args, "-x264-params") ?? "", /fps=30\/1/u);
  assert.equal(after(args, "-maxrate"), String(bitsPerSecond({ ...plan, framesPerSecond: 30 })));
  assert.equal(after(args, "-bufsize"), after(args, "-maxrate"));
});

test("threads make no other stream, size and rate do", () => {
  const key = encoderKey(plan);
  assert.equal(encoderKey({ ...plan, threads: 4 }), key);
  assert.notEqual(encoderKey({ ...plan, framesPerSecond: 10 }), key);
  assert.notEqual(encoderKey({ ...plan, size: { width: 640, height: 360 } }), key);
});

function at(width: number, height: number, framesPerSecond: number): number {
  return bitsPerSecond({ size: { width, height }, framesPerSecond });
}

test("the bitrate grows with size and rate, and has bounds", () => {
  assert.equal(at(1280, 720, 15), 2_000_000);
  assert.ok(at(640, 360, 15) > 500_000 && at(640, 360, 15) < 800_000);
  assert.ok(at(1920, 1080, 15) > 3_000_000 && at(1920, 1080, 15) < 4_000_000);
  assert.ok(at(1280, 720, 30) > at(1280, 720, 15));
  assert.equal(at(2, 2, 1), 150_000);
  assert.equal(at(8192, 8192, 60), 12_000_000);
});

test("odd sides lose a line", () => {
  assert.deepEqual(codedSize({ width: 641, height: 361 }), { width: 640, height: 360 });
  assert.deepEqual(codedSize({ width: 3, height: 2 }), { width: 2, height: 2 });
});
