// A child that misbehaves is played by Node itself; the real one runs in ../streams/stream-set.test.ts.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { systemClock, type Clock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import { encoderArguments } from "./args.ts";
import { software } from "./coders.ts";
import type { AccessUnit } from "./flv.ts";
import { startEncoder, type Encoder } from "./process.ts";

const limit = { timeout: 60_000 };
const size = { width: 64, height: 48 };
const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);

/** Waits are a twentieth as long, and time runs as fast as they make it. */
const hastyClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 20,
  wait: async (ms, signal) => systemClock.wait(ms / 20, signal),
};

interface Options {
  readonly path?: string;
  readonly args?: readonly string[];
  readonly clock?: Clock;
  readonly onReady?: () => void;
}

function start(t: TestContext, options: Options): { encoder: Encoder; stop: AbortController; units: AccessUnit[] } {
  const stop = new AbortController();
  const units: AccessUnit[] = [];
  const encoder = startEncoder({
    ffmpegPath: options.path ?? process.execPath,
    args: options.args ?? [],
    size,
    clock: options.clock ?? systemClock,
    log: silentLog,
    signal: stop.signal,
    onAccessUnit: (unit) => units.push(unit),
    onReady: options.onReady ?? (() => undefined),
  });
  t.after(async () => {
    stop.abort();
    await encoder.exited;
  });
  return { encoder, stop, units };
}

/** Arguments that have Node run this program. */
function program(source: string): string[] {
  return ["-e", source];
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a child that was fed nothing ends with its input", limit, async (t) => {
  const args = encoderArguments({ outputs: [{ size, framesPerSecond: 15 }], coder: software, threads: 1 });
  const { encoder, stop } = start(t, { path: "ffmpeg", args });
  stop.abort();
  await encoder.exited;
  assert.equal(isAlive(encoder.pid), false);
});

test("a child that heeds neither the end of its input nor SIGTERM is killed", limit, async (t) => {
  const source = 'process.on("SIGTERM", () => undefined); setInterval(() => undefined, 1000); process.stdin.resume()';
  const { encoder, stop } = start(t, { args: program(source), clock: hastyClock });
  stop.abort();
  assert.equal((await encoder.exited).reason, "ffmpeg was ended by SIGKILL");
  assert.equal(isAlive(encoder.pid), false);
});

test("a signal that has aborted before the start ends the child all the same", limit, async (t) => {
  const stop = new AbortController();
  stop.abort();
  const encoder = startEncoder({
    ffmpegPath: process.execPath,
    args: program("process.stdin.resume()"),
    size,
    clock: systemClock,
    log: silentLog,
    signal: stop.signal,
    onAccessUnit: () => undefined,
    onReady: () => undefined,
  });
  await encoder.exited;
  assert.equal(isAlive(encoder.pid), false);
  t.diagnostic("ended");
});

test("a child that is fed and gives nothing back is killed as hung", limit, async (t) => {
  const { encoder } = start(t, { args: program("process.stdin.resume()"), clock: hastyClock });
  encoder.feed(jpeg, 0, ["key"]);
  const { hung, reason } = await encoder.exited;
  assert.equal(hung, true);
  assert.match(reason, /gave no picture/u);
});

test("one that is fed nothing owes nothing", limit, async (t) => {
  const { encoder } = start(t, { args: program("process.stdin.resume()"), clock: hastyClock });
  const late = systemClock.wait(1500).then(() => "alive");
  assert.equal(await Promise.race([encoder.exited.then(() => "gone"), late]), "alive");
});

test("a child that writes no stream is ended, and the reason told", limit, async (t) => {
  const { encoder } = start(t, { args: program('process.stdout.write("x".repeat(99)); process.stdin.resume()') });
  const { reason, hung } = await encoder.exited;
  assert.match(reason, /no stream: no FLV signature/u);
  assert.equal(hung, false);
});

test("the last error it told is the reason of its end", limit, async (t) => {
  const source = "process.stderr.write(\"[fatal] Unknown encoder 'libx264'\\n\"); process.exitCode = 1";
  const { encoder } = start(t, { args: program(source) });
  assert.match((await encoder.exited).reason, /no libx264/u);
});

test("a program that is not there exits with words, and takes food without complaint", limit, async (t) => {
  const { encoder } = start(t, { path: "/nonexistent/ffmpeg" });
  encoder.feed(jpeg, 0, ["key"]);
  assert.match((await encoder.exited).reason, /cannot be started/u);
  encoder.feed(jpeg, 40, ["plain"]);
});

test("a child that does not read is busy, and says when it no longer is", limit, async (t) => {
  const ready = Promise.withResolvers<void>();
  const { encoder } = start(t, {
    args: program("setTimeout(() => process.stdin.resume(), 200)"),
    onReady: () => ready.resolve(),
  });
  encoder.feed(new Uint8Array(1_000_000), 0, ["key"]);
  assert.equal(encoder.busy, true);
  await ready.promise;
  assert.equal(encoder.busy, false);
});
