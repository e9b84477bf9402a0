import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import { readSource, type Picture, type SourceOptions } from "./source.ts";
import { deadUrl, StandInCamera, testPictures } from "./stand-in-camera.ts";

const size = { width: 64, height: 48 };
const limit = { timeout: 30_000 };

interface Reading {
  readonly pictures: Picture[];
  readonly troubles: string[];
  readonly counts: { dropped: number };
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
  /** Resolves once the condition holds; looked at whenever something happens. */
  readonly until: (condition: () => boolean) => Promise<void>;
}

function read(url: string, maxFramesPerSecond = 100): Reading {
  const pictures: Picture[] = [];
  const troubles: string[] = [];
  const counts = { dropped: 0 };
  const abort = new AbortController();
  let happened = Promise.withResolvers<void>();
  const notify = (): void => {
    happened.resolve();
    happened = Promise.withResolvers();
  };
  const options: SourceOptions = {
    url,
    maxFramesPerSecond,
    clock: systemClock,
    log: silentLog,
    signal: abort.signal,
    onPicture: (picture) => {
      pictures.push(picture);
      notify();
    },
    onDropped: () => {
      counts.dropped += 1;
      notify();
    },
    onTrouble: (reason) => {
      troubles.push(reason);
      notify();
    },
  };
  const ended = readSource(options);
  return {
    pictures,
    troubles,
    counts,
    ended,
    stop: async () => {
      abort.abort();
      await ended;
    },
    until: async (condition) => {
      while (!condition()) await happened.promise;
    },
  };
}

test("pictures come with their size over one connection, which closes with the signal", limit, async () => {
  await using camera = await StandInCamera.start(await testPictures(size), 50);
  const reading = read(camera.url);
  await reading.until(() => reading.pictures.length >= 5);
  assert.deepEqual(reading.pictures[0]?.size, size);
  assert.equal(camera.viewers, 1);
  await reading.stop();
  const { length } = reading.pictures;
  while (camera.viewers > 0) await systemClock.wait(10);
  assert.equal(camera.accepted, 1);
  assert.equal(reading.pictures.length, length);
});

test("pictures above the rate are dropped before anybody sees them", limit, async () => {
  await using camera = await StandInCamera.start(await testPictures(size), 50);
  const reading = read(camera.url, 5);
  await reading.until(() => reading.pictures.length >= 3);
  assert.ok(reading.counts.dropped > reading.pictures.length);
  await reading.stop();
});

test("a connection that ends is opened again, and the reason told", limit, async () => {
  await using camera = await StandInCamera.start(await testPictures(size), 50);
  const reading = read(camera.url);
  await reading.until(() => reading.pictures.length >= 1);
  camera.cut();
  await reading.until(() => reading.troubles.length >= 1);
  const { length } = reading.pictures;
  await reading.until(() => reading.pictures.length > length);
  assert.equal(camera.accepted, 2);
  await reading.stop();
});

test("a refusal is told in words that name the camera, not the protocol", limit, async () => {
  await using camera = await StandInCamera.start(await testPictures(size), 50);
  camera.refuses = 503;
  const reading = read(camera.url);
  await reading.until(() => reading.troubles.length >= 1);
  assert.equal(reading.troubles[0], "the printer's camera does not answer");
  camera.refuses = 404;
  await reading.until(() => reading.troubles.length >= 2);
  assert.equal(reading.troubles[1], "the gateway has no camera for this printer");
  camera.refuses = undefined;
  await reading.until(() => reading.pictures.length >= 1);
  await reading.stop();
});

test("the gateway's reason is told in its own words, and it is asked again soon", limit, async () => {
  await using camera = await StandInCamera.start(await testPictures(size), 50);
  camera.refuses = 503;
  camera.reason = "the camera refuses the password";
  const reading = read(camera.url);
  await reading.until(() => reading.troubles.length >= 12);
  assert.deepEqual(new Set(reading.troubles), new Set([camera.reason]));
  camera.refuses = undefined;
  await reading.until(() => reading.pictures.length >= 1);
  await reading.stop();
});

test("a gateway that is not there is tried again until the signal aborts", limit, async () => {
  const reading = read(await deadUrl());
  await reading.until(() => reading.troubles.length >= 2);
  assert.equal(reading.troubles[0], "the gateway cannot be reached");
  await reading.stop();
});

test("what is no whole JPEG with a size never arrives as a picture", limit, async () => {
  const [good = new Uint8Array()] = await testPictures(size);
  const sizeless = Uint8Array.from([0xff, 0xd8, 0xff, 0xda, 0x00, 0x02, 0x11, 0xff, 0xd9]);
  await using camera = await StandInCamera.start([sizeless, good], 50);
  const reading = read(camera.url);
  await reading.until(() => reading.pictures.length >= 3 && reading.counts.dropped >= 2);
  assert.ok(reading.pictures.every(({ jpeg }) => jpeg.length === good.length));
  await reading.stop();
});
