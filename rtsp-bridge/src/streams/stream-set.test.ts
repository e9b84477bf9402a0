// Whole streams: a camera over HTTP, the real ffmpeg on PATH, and an RTSP server that stands in
// for MediaMTX.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import type { StreamPlan } from "../plan.ts";
import { StandInServer } from "../rtsp/stand-in-server.ts";
import { PushedClock } from "./pushed-clock.ts";
import { StandInCamera, testPictures } from "./stand-in-camera.ts";
import { createStreamSet } from "./stream-set.ts";
import type { StreamSet, StreamState, StreamStatus } from "./streams.ts";

const size = { width: 160, height: 120 };
const pictures = await testPictures(size);
const limit = { timeout: 90_000 };
const key = 5;

interface Bench extends AsyncDisposable {
  readonly camera: StandInCamera;
  readonly server: StandInServer;
  readonly streams: StreamSet;
  readonly clock: PushedClock;
  readonly plan: StreamPlan;
}

/** No camera here asks for one. */
const readSecret = async (): Promise<string> => "";

async function bench(t: TestContext, options: { ffmpegPath?: string; standby?: boolean } = {}): Promise<Bench> {
  const dataDir = await mkdtemp(join(tmpdir(), "gantry-streams-"));
  t.after(async () => rm(dataDir, { recursive: true, force: true }));
  const camera = await StandInCamera.start(pictures);
  const server = await StandInServer.start();
  const clock = new PushedClock();
  const ffmpegPath = options.ffmpegPath ?? "ffmpeg";
  const streams = createStreamSet({ rtspUrl: server.url, ffmpegPath, dataDir, readSecret, clock, log: silentLog });
  const plan = {
    id: "cc1",
    name: "Centauri",
    sourceUrl: camera.url,
    maxFramesPerSecond: 15,
    standby: options.standby === true,
    sub: null,
  };
  await streams.apply([plan]);
  return {
    camera,
    server,
    streams,
    clock,
    plan,
    [Symbol.asyncDispose]: async () => {
      await streams[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await camera[Symbol.asyncDispose]();
      assert.deepEqual(encoders(), []);
    },
  };
}

function status(streams: StreamSet): StreamStatus {
  const [first] = streams.list();
  assert.ok(first !== undefined);
  return first;
}

async function reach(streams: StreamSet, state: StreamState): Promise<void> {
  while (status(streams).state !== state) await systemClock.wait(20);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await systemClock.wait(20);
}

/** Waits until a viewer has been shown some pictures; gives the process id of their encoder. */
async function play({ streams, server }: Bench): Promise<number> {
  streams.demanded("cc1");
  await server.until(() => server.units.length > 10);
  const [pid] = encoders();
  assert.ok(pid !== undefined);
  return pid;
}

/** Process ids of this test's encoders. */
function encoders(): number[] {
  const lines = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  return lines
    .split("\n")
    .filter((line) => line.includes("pipe:0"))
    .map((line) => Number.parseInt(line, 10));
}

function assertRising(server: StandInServer): void {
  const { units } = server;
  for (const [index, unit] of units.entries()) {
    const before = units[index - 1];
    if (before === undefined || before.session !== unit.session) continue;
    const step = (unit.stamp - before.stamp + 2 ** 32) % 2 ** 32;
    assert.ok(step > 0 && step < 90 * 60_000, `a step of ${step}`);
  }
  assert.deepEqual(server.faults, []);
}

test("nothing runs until a path is demanded, nor after it is released", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, camera } = table;
  assert.deepEqual(encoders(), []);
  assert.equal(camera.accepted, 0);
  assert.equal(status(streams).state, "idle");
  streams.demanded("cc1");
  streams.demanded("cc1");
  await server.until(() => server.units.length > 30);
  assert.equal(encoders().length, 1);
  assert.equal(camera.viewers, 1);
  const { state, reason, width, height, startSeconds, bitsPerSecond } = status(streams);
  assert.deepEqual([state, reason, width, height], ["live", null, 160, 120]);
  assert.ok(startSeconds !== null && bitsPerSecond !== null && bitsPerSecond > 0);
  streams.released("cc1");
  assert.equal(status(streams).state, "draining");
  await reach(streams, "idle");
  assert.deepEqual(encoders(), []);
  await until(() => camera.viewers === 0 && server.connections === 0);
  assert.equal(server.requests.at(-1)?.method, "TEARDOWN");
  assert.equal(status(streams).framesPerSecond, null);
  assert.ok(streams.counters("cc1").framesOut >= 30);
});

test("the first picture is a key picture with parameter sets, and another comes every second", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server } = table;
  streams.demanded("cc1");
  await server.until(() => server.units.length > 50);
  assert.deepEqual(server.units[0]?.types.slice(0, 3), [7, 8, key]);
  const keys = server.units.filter(({ types }) => types.includes(key));
  assert.ok(keys.every(({ types }) => types[0] === 7 && types[1] === 8));
  const steps = keys.slice(1).map(({ stamp }, index) => (stamp - (keys[index]?.stamp ?? 0) + 2 ** 32) % 2 ** 32);
  assert.ok(steps.length >= 2);
  assert.ok(steps.every((step) => step <= 90 * 1300));
  assertRising(server);
});

test("a camera that is not there is a slate that says so, at the stream's size", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, camera } = table;
  camera.refuses = 503;
  streams.demanded("cc1");
  await reach(streams, "placeholder");
  await until(() => status(streams).reason === "the printer's camera does not answer");
  await until(() => server.units.length > 0);
  assert.ok(server.units[0]?.types.includes(key));
  camera.refuses = undefined;
  await reach(streams, "live");
  assertRising(server);
  assert.equal(server.descriptions.length, 1);
});

test("a camera that goes silent is held, then a slate, then live again, in one session", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, camera, clock } = table;
  streams.demanded("cc1");
  await reach(streams, "live");
  camera.stalls = true;
  await reach(streams, "holding");
  assert.equal(status(streams).reason, "the camera sends no pictures");
  clock.aheadMs += 30_000;
  await reach(streams, "placeholder");
  camera.stalls = false;
  camera.cut();
  await reach(streams, "live");
  assert.equal(server.descriptions.length, 1);
  assert.equal(status(streams).restarts, 0);
  assertRising(server);
});

test("an encoder that is killed costs the viewers no session", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server } = table;
  const pid = await play(table);
  process.kill(pid, "SIGKILL");
  await until(() => status(streams).restarts === 1);
  const before = server.units.length;
  await server.until(() => server.units.length > before + 20);
  assert.ok(server.units[before]?.types.includes(key));
  assert.equal(server.descriptions.length, 1);
  assert.equal(encoders().length, 1);
  assertRising(server);
});

test("an encoder that stands still is noticed and replaced in the same session", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server } = table;
  const pid = await play(table);
  process.kill(pid, "SIGSTOP");
  await until(() => status(streams).restarts === 1);
  const before = server.units.length;
  await server.until(() => server.units.length > before + 5);
  assert.equal(server.descriptions.length, 1);
  await until(() => !encoders().includes(pid));
  assertRising(server);
});

test("a session that is lost is opened again with the encoder that runs", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server } = table;
  const pid = await play(table);
  const before = server.units.length;
  server.cut();
  await server.until(() => server.units.length > before + 10);
  assert.equal(server.descriptions.length, 2);
  const resumed = server.units.find(({ session }) => session === 2);
  assert.ok(resumed?.types.includes(key));
  assert.deepEqual(encoders(), [pid]);
  assert.equal(status(streams).restarts, 0);
});

test("a viewer that joins is given a key picture before the next one is due", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server } = table;
  streams.demanded("cc1");
  const keys = (): number => server.units.filter(({ types }) => types.includes(key)).length;
  await server.until(() => server.units.length > 3);
  let early = 0;
  for (let viewer = 0; viewer < 8; viewer += 1) {
    const before = keys();
    streams.viewerJoined("cc1");
    await server.until(() => keys() > before);
    early += 1;
  }
  const [first, last] = [server.units[0], server.units.at(-1)];
  assert.ok(first !== undefined && last !== undefined);
  const seconds = ((last.stamp - first.stamp + 2 ** 32) % 2 ** 32) / 90_000;
  assert.ok(early > seconds + 1, `${early} key pictures in ${seconds} s`);
  assertRising(server);
});

test("pictures of another size change nothing that was announced", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, camera, plan } = table;
  streams.demanded("cc1");
  await server.until(() => server.units.length > 5);
  camera.jpegs = await testPictures({ width: 321, height: 181 });
  const before = server.units.length;
  await server.until(() => server.units.length > before + 20);
  assert.equal(server.descriptions.length, 1);
  assert.equal(status(streams).width, 160);
  streams.released("cc1");
  await reach(streams, "idle");
  streams.demanded("cc1");
  await server.until(() => server.descriptions.length === 2);
  await until(() => status(streams).width === 320);
  assert.notEqual(server.descriptions[0], server.descriptions[1]);
  assert.equal(plan.id, "cc1");
});

test("demand that comes and goes leaves no child and no connection", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, camera } = table;
  for (let turn = 0; turn < 20; turn += 1) {
    streams.demanded("cc1");
    await systemClock.wait((turn * 37) % 220);
    streams.released("cc1");
    if (turn % 3 === 0) await systemClock.wait((turn * 17) % 60);
  }
  await reach(streams, "idle");
  assert.deepEqual(encoders(), []);
  await until(() => camera.viewers === 0 && server.connections === 0);
  streams.demanded("cc1");
  await reach(streams, "live");
});

test("demand that returns while a stream ends is served", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, camera } = table;
  streams.demanded("cc1");
  await reach(streams, "live");
  streams.released("cc1");
  streams.demanded("cc1");
  await server.until(() => server.descriptions.length === 2 && server.units.at(-1)?.session === 2);
  await reach(streams, "live");
  await until(() => encoders().length === 1 && camera.viewers === 1);
});

test("a name that changes touches nothing that runs; another source is read in the same session", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, plan, camera } = table;
  await using other = await StandInCamera.start(pictures);
  streams.demanded("cc1");
  await reach(streams, "live");
  await streams.apply([{ ...plan, name: "Renamed" }]);
  await streams.apply([{ ...plan, name: "Renamed" }]);
  assert.equal(camera.accepted, 1);
  await streams.apply([{ ...plan, sourceUrl: other.url }]);
  await until(() => other.viewers === 1 && camera.viewers === 0);
  await reach(streams, "live");
  assert.equal(server.descriptions.length, 1);
  assert.equal(status(streams).restarts, 0);
  assert.equal(status(streams).source, other.url);
});

test("another rate is announced anew, and is no failure of the encoder", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server, plan } = table;
  streams.demanded("cc1");
  await reach(streams, "live");
  await streams.apply([{ ...plan, maxFramesPerSecond: 5 }]);
  await server.until(() => server.descriptions.length === 2);
  await reach(streams, "live");
  assert.equal(status(streams).restarts, 0);
  assert.equal(encoders().length, 1);
});

test("a path that leaves the plans ends, and one that was never there is nobody's fault", limit, async (t) => {
  await using table = await bench(t);
  const { streams, plan } = table;
  streams.demanded("cc1");
  await reach(streams, "live");
  await streams.apply([{ ...plan, id: "cc2" }]);
  assert.deepEqual(
    streams.list().map(({ id, state }) => [id, state]),
    [["cc2", "idle"]],
  );
  assert.deepEqual(encoders(), []);
  for (const id of ["cc1", "nobody"]) {
    streams.demanded(id);
    streams.viewerJoined(id);
    streams.viewers(id, 3);
    streams.released(id);
    assert.equal(streams.counters(id).framesOut, 0);
  }
});

test("without an RTSP server nothing runs; on its return demanded streams are published again", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server } = table;
  streams.demanded("cc1");
  await reach(streams, "live");
  streams.serverAvailable(false);
  await reach(streams, "idle");
  assert.equal(status(streams).reason, "the RTSP server is not running");
  assert.deepEqual(encoders(), []);
  streams.serverAvailable(true);
  await reach(streams, "live");
  assert.equal(server.descriptions.length, 2);
});

test("an ffmpeg that cannot be started is told of, and tried again", limit, async (t) => {
  await using table = await bench(t, { ffmpegPath: "/nonexistent/ffmpeg" });
  const { streams } = table;
  streams.demanded("cc1");
  await until(() => status(streams).restarts >= 2);
  assert.equal(status(streams).state, "starting");
  assert.match(status(streams).reason ?? "", /cannot be started/u);
});

test("disposing ends what is just starting", limit, async (t) => {
  const table = await bench(t);
  table.streams.demanded("cc1");
  await until(() => encoders().length === 1);
  await table[Symbol.asyncDispose]();
  table.streams.demanded("cc1");
  assert.deepEqual(table.streams.list(), []);
  assert.deepEqual(encoders(), []);
});

test("a second start announces what the first has shown, and the same session carries it", limit, async (t) => {
  await using table = await bench(t);
  const { streams, server } = table;
  for (const turn of [1, 2]) {
    streams.demanded("cc1");
    await server.until(() => server.descriptions.length === turn);
    if (turn === 2) assert.ok(server.units.every(({ session }) => session === 1));
    await reach(streams, "live");
    streams.released("cc1");
    await reach(streams, "idle");
  }
  assert.equal(server.descriptions[0], server.descriptions[1]);
  assert.equal(server.descriptions.length, 2);
  assertRising(server);
});

test("with standby an encoder waits while nobody watches, is used, and is replaced", limit, async (t) => {
  await using table = await bench(t, { standby: true });
  const { streams, server, camera } = table;
  assert.deepEqual(encoders(), []);
  streams.demanded("cc1");
  await reach(streams, "live");
  await until(() => encoders().length === 2);
  streams.released("cc1");
  await reach(streams, "idle");
  await until(() => encoders().length === 1);
  const [spare] = encoders();
  assert.equal(camera.viewers, 0);
  streams.demanded("cc1");
  await reach(streams, "live");
  await until(() => encoders().length === 2);
  assert.ok(encoders().includes(spare ?? 0));
  assert.equal(server.descriptions[0], server.descriptions[1]);
  assert.equal(status(streams).restarts, 0);
  process.kill(spare ?? 0, "SIGKILL");
  await until(() => status(streams).restarts === 1);
  await until(() => encoders().length === 2);
  await reach(streams, "live");
  assert.equal(server.descriptions.length, 2);
  assertRising(server);
});

test(
  "a camera that has never sent anything has nothing in reserve, and one without standby neither",
  limit,
  async (t) => {
    await using table = await bench(t, { standby: true });
    const { streams, plan } = table;
    streams.demanded("cc1");
    await reach(streams, "live");
    await until(() => encoders().length === 2);
    await streams.apply([{ ...plan, standby: false }]);
    await until(() => encoders().length === 1);
  },
);

test(
  "who is refused is told soon, nothing runs for it, and the next try works once a place is free",
  limit,
  async (t) => {
    await using table = await bench(t);
    const { streams, plan, camera } = table;
    await streams.apply([plan, { ...plan, id: "cc2" }], { maxStreams: 1 });
    const refused: string[] = [];
    streams.onRefused((id) => {
      refused.push(id);
      streams.released(id);
    });
    streams.demanded("cc1");
    await reach(streams, "live");
    const second = (): StreamStatus => streams.list()[1] ?? status(streams);
    for (let turn = 1; turn <= 2; turn += 1) {
      streams.demanded("cc2");
      await until(() => refused.length === turn);
      assert.equal(second().state, "failed");
      assert.match(second().reason ?? "", /^1 stream runs already, .*bridge\.max_streams.*raise it/u);
    }
    assert.deepEqual([refused, streams.counters("cc2").refusals], [["cc2", "cc2"], 2]);
    assert.deepEqual([encoders().length, camera.accepted], [1, 1]);
    streams.released("cc1");
    await until(() => second().state === "idle");
    streams.demanded("cc2");
    await until(() => second().state === "live");
    streams.released("cc2");
    await until(() => second().state === "idle");
    assert.equal(refused.length, 2);
  },
);

test("one stream more than may run is refused in words, and comes when another ends", limit, async (t) => {
  await using table = await bench(t);
  const { streams, plan } = table;
  await streams.apply([plan, { ...plan, id: "cc2" }], { maxStreams: 1 });
  streams.demanded("cc1");
  await reach(streams, "live");
  streams.demanded("cc2");
  const second = (): StreamStatus => streams.list()[1] ?? status(streams);
  assert.equal(second().state, "failed");
  assert.match(second().reason ?? "", /max_streams/u);
  assert.equal(encoders().length, 1);
  streams.released("cc1");
  await until(() => second().state === "starting");
  streams.released("cc2");
  await until(() => second().state === "idle");
});
