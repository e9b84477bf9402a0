// Both streams of one camera: over HTTP, the real ffmpeg on PATH or one in disguise, and an RTSP
// server that stands in for MediaMTX.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import type { Coder } from "../ffmpeg/coders.ts";
import { standInDevice, type DeviceMood } from "../ffmpeg/stand-in-device.ts";
import type { StreamPlan } from "../plan.ts";
import { StandInServer, type ReceivedUnit } from "../rtsp/stand-in-server.ts";
import { StandInCamera, testPictures } from "./stand-in-camera.ts";
import { createStreamSet } from "./stream-set.ts";
import type { StreamSet, StreamStatus } from "./streams.ts";

const pictures = await testPictures({ width: 320, height: 240 });
const limit = { timeout: 90_000 };
const nvenc: Coder = { kind: "nvenc", device: "" };

interface Bench extends AsyncDisposable {
  readonly camera: StandInCamera;
  readonly server: StandInServer;
  readonly streams: StreamSet;
  readonly plan: StreamPlan;
}

async function bench(t: TestContext, options: { mood?: DeviceMood; standby?: boolean } = {}): Promise<Bench> {
  const dataDir = await mkdtemp(join(tmpdir(), "gantry-streams-"));
  t.after(async () => rm(dataDir, { recursive: true, force: true }));
  const camera = await StandInCamera.start(pictures);
  const server = await StandInServer.start();
  const { mood, standby = false } = options;
  const streams = createStreamSet({
    rtspUrl: server.url,
    ffmpegPath: mood === undefined ? "ffmpeg" : await standInDevice(dataDir, mood),
    dataDir,
    readSecret: async () => Promise.reject(new Error("no secret is needed")),
    clock: systemClock,
    log: silentLog,
  });
  const plan = {
    id: "cc1",
    name: "Centauri",
    sourceUrl: camera.url,
    maxFramesPerSecond: 15,
    standby,
    sub: { maxWidth: 160, maxFramesPerSecond: 5 },
  };
  await streams.apply([plan], mood === undefined ? {} : { coder: nvenc });
  return {
    camera,
    server,
    streams,
    plan,
    [Symbol.asyncDispose]: async () => {
      await streams[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await camera[Symbol.asyncDispose]();
      assert.equal(encoders(), 0);
    },
  };
}

function encoders(): number {
  const lines = execFileSync("ps", ["-o", "args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  return lines.split("\n").filter((line) => line.includes("pipe:0")).length;
}

function status(streams: StreamSet, id: string): StreamStatus {
  const found = streams.list().find((stream) => stream.id === id);
  assert.ok(found !== undefined);
  return found;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await systemClock.wait(20);
}

/** Sessions opened for a path so far, in order, by the number of their connection. */
function sessions({ requests }: StandInServer, id: string): number {
  return requests.filter(({ method, url }) => method === "ANNOUNCE" && url.endsWith(`/${id}`)).length;
}

function unitsOf({ units }: StandInServer, session: number): ReceivedUnit[] {
  return units.filter((unit) => unit.session === session);
}

/** Stamps rise, and never by half a second, in a session's units from that one on. */
function assertUnbroken(units: readonly ReceivedUnit[]): void {
  const steps = units.slice(1).map((unit, index) => (unit.stamp - (units[index]?.stamp ?? 0) + 2 ** 32) % 2 ** 32);
  assert.ok(
    steps.every((step) => step > 0 && step < 45_000),
    `steps of ${Math.min(...steps) / 90} to ${Math.max(...steps) / 90} ms`,
  );
}

test("either stream comes and goes on one encoder and one connection while the other goes on", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, camera } = table;
  streams.demanded("cc1");
  streams.viewerJoined("cc1");
  await until(() => unitsOf(server, 1).length > 20);
  streams.demanded("cc1_sub");
  await until(() => unitsOf(server, 2).length > 8);
  assert.equal(encoders(), 1);
  assert.equal(camera.viewers, 1);
  assert.deepEqual([status(streams, "cc1").width, status(streams, "cc1_sub").width], [320, 160]);
  streams.released("cc1");
  await until(() => status(streams, "cc1").state === "idle");
  const count = unitsOf(server, 2).length;
  await until(() => unitsOf(server, 2).length > count + 8 && encoders() === 1);
  streams.demanded("cc1");
  await until(() => unitsOf(server, 3).length > 20 && encoders() === 1);
  streams.released("cc1_sub");
  await until(() => status(streams, "cc1_sub").state === "idle" && encoders() === 1);
  assert.deepEqual([sessions(server, "cc1"), sessions(server, "cc1_sub")], [2, 1]);
  for (const session of [1, 2, 3]) assertUnbroken(unitsOf(server, session));
  assert.deepEqual(server.faults, []);
  assert.equal(camera.accepted, 1);
  assert.equal(status(streams, "cc1").restarts, 0);
});

test("the second stream comes alone, and in its own rate", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server } = table;
  streams.demanded("cc1_sub");
  streams.viewerJoined("cc1_sub");
  await until(() => server.units.length > 15);
  const { framesPerSecond, encoder } = status(streams, "cc1_sub");
  assert.ok((framesPerSecond ?? 99) <= 7, `${framesPerSecond} a second`);
  assert.equal(encoder, "x264");
  assert.equal(status(streams, "cc1").state, "idle");
  assert.ok(streams.counters("cc1_sub").framesDropped > 0);
  assert.equal(encoders(), 1);
});

test("a stream that comes back at once is published again", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server } = table;
  streams.demanded("cc1");
  streams.demanded("cc1_sub");
  await until(() => status(streams, "cc1_sub").state === "live" && status(streams, "cc1").state === "live");
  streams.released("cc1_sub");
  streams.demanded("cc1_sub");
  await until(() => sessions(server, "cc1_sub") === 2 && status(streams, "cc1_sub").state === "live");
  assert.equal(sessions(server, "cc1"), 1);
});

test("a plan without a second stream ends it, and the first goes on", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, plan } = table;
  streams.demanded("cc1");
  streams.demanded("cc1_sub");
  await until(() => status(streams, "cc1_sub").state === "live" && status(streams, "cc1").state === "live");
  await streams.apply([{ ...plan, sub: null }]);
  assert.equal(streams.list().length, 1);
  const count = server.units.length;
  await until(() => server.units.length > count + 15 && encoders() === 1);
  assert.equal(sessions(server, "cc1"), 1);
  assert.equal(status(streams, "cc1").state, "live");
});

test("an encoder in reserve is ready for both while the second is watched", limit, async (t) => {
  await using table = await bench(t, { standby: true });
  const { streams, server } = table;
  streams.demanded("cc1_sub");
  await until(() => status(streams, "cc1_sub").state === "live" && encoders() === 2);
  await systemClock.wait(500);
  streams.demanded("cc1");
  await until(() => status(streams, "cc1").state === "live" && encoders() === 2);
  assert.deepEqual([sessions(server, "cc1"), sessions(server, "cc1_sub")], [1, 1]);
});

test("a device that dies again and again is given up for x264, and told of", limit, async (t) => {
  await using table = await bench(t, { mood: "dies" });
  const { streams } = table;
  streams.demanded("cc1");
  streams.demanded("cc1_sub");
  await until(() => status(streams, "cc1").encoder === "x264");
  await until(() => status(streams, "cc1").state === "live" && status(streams, "cc1_sub").state === "live");
  assert.match(status(streams, "cc1").reason ?? "", /x264 encodes, because nvenc failed: ffmpeg ended with code/u);
  assert.equal(streams.counters("cc1").encoderFallbacks, 1);
  assert.ok(status(streams, "cc1").restarts >= 2);
});

test("a device that works is used", limit, async (t) => {
  await using table = await bench(t, { mood: "works" });
  const { streams } = table;
  streams.demanded("cc1");
  streams.demanded("cc1_sub");
  await until(() => status(streams, "cc1").state === "live" && status(streams, "cc1_sub").state === "live");
  await systemClock.wait(3000);
  assert.deepEqual([status(streams, "cc1").encoder, status(streams, "cc1").restarts], ["nvenc", 0]);
});
