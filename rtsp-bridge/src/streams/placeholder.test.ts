import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { silentLog, type Log } from "@gantry/platform/log";
import { jpegSize } from "../ffmpeg/jpeg.ts";
import { drawSlate, type DrawSlate } from "./placeholder.ts";
import { Slates } from "./slates.ts";

const text = { title: "Centauri in the shed", message: "Waiting for the camera", detail: null };

for (const [width, height] of [
  [640, 360],
  [480, 640],
  [64, 48],
  [16, 16],
] as const) {
  test(`a slate of ${width}×${height} has exactly this size`, async () => {
    assert.deepEqual(jpegSize(await drawSlate({ width, height }, text)), { width, height });
  });
}

async function brightest(jpeg: Uint8Array): Promise<number> {
  const { channels } = await sharp(jpeg).stats();
  return Math.max(...channels.map((channel) => channel.max));
}

test("the words are really drawn: another text is another picture", async () => {
  const size = { width: 320, height: 180 };
  assert.ok((await brightest(await drawSlate(size, text))) > 200);
  const [one, other] = await Promise.all([drawSlate(size, text), drawSlate(size, { ...text, title: "Another" })]);
  assert.notDeepEqual(one, other);
});

test("names that look like markup, are endless, or hold control characters are drawn as they are", async () => {
  const size = { width: 320, height: 180 };
  for (const title of ["<b>& bold", "x".repeat(5000), "a\u0000b\u001B[31m\nc", "", "👩‍🔧 打印机", "</span>"]) {
    assert.deepEqual(jpegSize(await drawSlate(size, { ...text, title, detail: title })), size);
  }
});

test("a slate is drawn once, and asking never waits", async () => {
  const drawn: string[] = [];
  const draw: DrawSlate = async (_size, { title }) => {
    drawn.push(title);
    return new Uint8Array(1);
  };
  const slates = new Slates(draw, silentLog);
  const size = { width: 64, height: 48 };
  await new Promise<void>((resolve) => {
    assert.equal(slates.get(size, text, resolve), undefined);
    assert.equal(slates.get(size, text, resolve), undefined);
  });
  assert.ok(slates.get(size, text, () => undefined) !== undefined);
  assert.deepEqual(drawn, [text.title]);
});

test("a slate that cannot be drawn is told of and never comes", async () => {
  const told = Promise.withResolvers<string>();
  const log: Log = { ...silentLog, error: (message) => told.resolve(message) };
  const slates = new Slates(async () => Promise.reject(new Error("no library")), log);
  slates.get({ width: 64, height: 48 }, text, () => assert.fail("drawn"));
  await told.promise;
  assert.equal(
    slates.get({ width: 64, height: 48 }, text, () => undefined),
    undefined,
  );
});
