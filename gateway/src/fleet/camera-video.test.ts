import assert from "node:assert/strict";
import { test } from "node:test";
import type { PrinterEntry } from "@gantry/config";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog } from "@gantry/platform/log";
import type { Family, VideoSource } from "../families/family.ts";
import { cameraVideo } from "./camera-video.ts";

const context = {
  signal: new AbortController().signal,
  clock: new FakeClock(),
  log: silentLog,
  dataFolder: "unused",
};

const own: VideoSource = { url: "rtsps://a:322/live", username: "u", passwordKey: "code", certificateSha256: null };

function family(more: Partial<Family>): Family {
  return { title: "Bench", connect: () => assert.fail("connected"), ...more } as Family;
}

function entry(camera: PrinterEntry["camera"]): PrinterEntry {
  return { id: "a", name: "a", family: "bench", control: false, connection: { code: "secret" }, camera };
}

const whole = { url: undefined, standby: false, sub: true, record: "off", timelapse: "off" } as const;
const frames = async function* frames(): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of();
};

test("a printer's own video is told where its family has one", async () => {
  for (const video of [own, undefined]) {
    const told = await cameraVideo(entry(whole), family({ frames, video: async () => video }), undefined, context);
    assert.deepEqual(told, video ?? null);
  }
});

test("the inventory's camera comes first, and no secret of it is told", async () => {
  const none = family({ frames, video: () => assert.fail("asked") });
  const at = async (url: string): Promise<VideoSource | null> =>
    cameraVideo(entry({ ...whole, url, certificateSha256: "ab" }), none, undefined, context);
  assert.deepEqual(await at("rtsps://me%40home:hunter2@cam:322/live?x=1"), {
    url: "rtsps://cam:322/live?x=1",
    username: "me@home",
    passwordKey: null,
    certificateSha256: "ab",
  });
  assert.equal(await at("http://cam/stream"), null);
});

test("without a camera there is nothing to tell", async () => {
  const gone = { code: "not_found" };
  await assert.rejects(cameraVideo(entry(null), family({ frames }), undefined, context), gone);
  await assert.rejects(cameraVideo(entry(whole), family({}), undefined, context), gone);
});
