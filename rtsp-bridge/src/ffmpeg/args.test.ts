import assert from "node:assert/strict";
import { test } from "node:test";
import { bitsPerSecond, codedSize, encoderArguments, encoderKey, pictureKey } from "./args.ts";
import { coderKinds, software, type CoderKind } from "./coders.ts";

const main = { size: { width: 1280, height: 720 }, framesPerSecond: 15 };
const sub = { size: { width: 640, height: 360 }, framesPerSecond: 5 };
const plan = { outputs: [main], coder: software, threads: 1 };
const devices = coderKinds.filter((kind) => kind !== "x264");

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
  const fast = { ...main, framesPerSecond: 30 };
  const args = encoderArguments({ ...plan, outputs: [fast] });
  assert.match(after(args, "-x264-params") ?? "", /fps=30\/1/u);
  assert.equal(after(args, "-maxrate"), String(bitsPerSecond(fast)));
  assert.equal(after(args, "-bufsize"), after(args, "-maxrate"));
});

test("threads make no other stream, size and rate do", () => {
  const key = encoderKey(plan);
  assert.equal(encoderKey({ ...plan, threads: 4 }), key);
  assert.notEqual(encoderKey({ ...plan, outputs: [{ ...main, framesPerSecond: 10 }] }), key);
  assert.notEqual(encoderKey({ ...plan, outputs: [{ ...main, size: sub.size }] }), key);
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

test("two outputs come of one input, each with its own pipe, size, rate and steering", () => {
  const args = encoderArguments({ ...plan, outputs: [main, sub] });
  assert.equal(args.filter((word) => word === "-i").length, 1);
  assert.ok(args.includes("pipe:1") && args.at(-1) === "pipe:3");
  const graph = after(args, "-filter_complex") ?? "";
  assert.match(graph, /^\[0:v:0\]split=2\[in0\]\[in1\];/u);
  assert.match(graph, /pad=1280:720.*\[out0\];.*pad=640:360.*\[out1\]$/u);
  const rates = args.filter((word) => word.startsWith("cabac="));
  assert.deepEqual(
    rates.map((word) => /fps=(\d+)/u.exec(word)?.[1]),
    ["15", "5"],
  );
  assert.equal(new Set(args.filter((word) => word.startsWith("expr:"))).size, 2);
});

test("an output beside another counts as the same picture as alone", () => {
  assert.equal(pictureKey(sub, software), encoderKey({ ...plan, outputs: [sub], threads: 3 }));
  assert.notEqual(pictureKey(main, software), pictureKey(sub, software));
});

function onDevice(kind: CoderKind): string[] {
  return encoderArguments({ ...plan, coder: { kind, device: "/dev/dri/renderD129" }, outputs: [main, sub] });
}

for (const kind of devices) {
  test(`${kind} makes no B-frames, obeys the same steering and tells its range and parameter sets`, () => {
    const args = onDevice(kind);
    assert.equal(after(args, "-c:v"), `h264_${kind}`);
    assert.equal(after(args, "-bf"), "0");
    assert.equal(after(args, "-g"), "30");
    assert.equal(after(args, "-color_range"), "tv");
    assert.equal(after(args, "-bsf:v"), "extract_extradata");
    assert.equal(args.filter((word) => word === "-force_key_frames").length, 2);
    assert.match(after(args, "-filter_complex") ?? "", /out_range=tv/u);
    assert.notEqual(pictureKey(main, { kind, device: "" }), pictureKey(main, software));
    for (const word of args) assert.match(word, /^\S+$/u);
  });
}

for (const kind of ["vaapi", "qsv"] as const) {
  test(`${kind} is told its device before the input, and pictures are put onto it`, () => {
    const args = onDevice(kind);
    const device = args.findIndex((word) => word.includes("/dev/dri/renderD129"));
    assert.ok(device > 0 && device < args.indexOf("-i"));
    assert.match(after(args, "-filter_complex") ?? "", /format=nv12,hwupload/u);
  });
}

test("every encoder is asked to make each key picture an IDR picture", () => {
  assert.equal(after(encoderArguments(plan), "-forced-idr"), "1");
  assert.equal(after(onDevice("nvenc"), "-forced-idr"), "1");
  assert.equal(after(onDevice("qsv"), "-forced_idr"), "1");
  assert.equal(after(onDevice("vaapi"), "-idr_interval"), "0");
});
