import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { silentLog, type Log } from "@gantry/platform/log";
import { testPictures } from "../streams/stand-in-camera.ts";
import { Probe } from "./probe.ts";
import { standInDevice, type DeviceMood } from "./stand-in-device.ts";

const limit = { timeout: 90_000 };
const [jpeg] = await testPictures({ width: 1280, height: 720 });
const device = "/dev/dri/renderD128";

interface Bench {
  readonly probe: Probe;
  readonly told: string[];
  readonly starts: () => Promise<string[]>;
}

async function bench(t: TestContext, mood: DeviceMood, limitMs = 30_000): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-probe-"));
  t.after(async () => rm(folder, { recursive: true, force: true }));
  const told: string[] = [];
  const log: Log = { ...silentLog, info: (message) => told.push(message), warn: (message) => told.push(message) };
  const probe = new Probe({
    ffmpegPath: await standInDevice(folder, mood),
    jpeg: async () => Promise.resolve(jpeg ?? new Uint8Array()),
    clock: systemClock,
    log,
    hasDevice: ({ kind }) => kind === "nvenc",
    limitMs,
  });
  const starts = async (): Promise<string[]> => {
    const text = await readFile(join(folder, "starts"), "utf8").catch(() => "");
    return text.split("\n").filter((line) => line !== "");
  };
  return { probe, told, starts };
}

test("a device that encodes is chosen, by its name and by auto, and tried once", limit, async (t) => {
  const { probe, told, starts } = await bench(t, "works");
  assert.equal((await probe.choose("nvenc", device)).kind, "nvenc");
  assert.equal((await probe.choose("auto", device)).kind, "nvenc");
  assert.deepEqual(await starts(), ["device"]);
  assert.equal(told.length, 1);
});

test("x264 is chosen without a try", limit, async (t) => {
  const { probe, told, starts } = await bench(t, "works");
  assert.equal((await probe.choose("x264", device)).kind, "x264");
  assert.deepEqual([await starts(), told], [[], []]);
});

test("a device that refuses leaves x264, with its own words in the log", limit, async (t) => {
  const { probe, told } = await bench(t, "refuses");
  assert.equal((await probe.choose("nvenc", device)).kind, "x264");
  assert.match(told.join(), /nvenc cannot be used, x264 encodes: .*No capable devices found/u);
});

test("a device that gives nothing back is given up after a moment", limit, async (t) => {
  const { probe, told } = await bench(t, "stalls", 1000);
  assert.equal((await probe.choose("auto", device)).kind, "x264");
  assert.match(told.join(), /it took too long/u);
});

test("without a device nothing is started", limit, async (t) => {
  const { probe, told, starts } = await bench(t, "works");
  assert.equal((await probe.choose("vaapi", device)).kind, "x264");
  assert.match(told.join(), /no device/u);
  assert.deepEqual(await starts(), []);
});
