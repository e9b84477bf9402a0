// A camera's two streams side by side: one process makes both of one decoded picture, and who comes,
// goes or breaks on one of them is not seen on the other.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { encoders } from "./harness/processes.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";
import { VideoCamera } from "./harness/video-camera.ts";
import type { Viewer } from "./harness/viewer.ts";

const run = promisify(execFile);
const sub = { max_width: 320, max_frames_per_second: 3 };

function cameraConnections(stack: Stack): unknown {
  return (stack.printer("cc1").control.counters()["camera"] as { readonly current: number }).current;
}

async function sizeOf(stack: Stack, id: string): Promise<string> {
  const args = ["-v", "error", "-rtsp_transport", "tcp", "-show_entries", "stream=width,height", "-of", "csv=p=0"];
  return (await run("ffprobe", [...args, `${stack.rtspUrl}/${id}`], { timeout: 60_000 })).stdout.trim();
}

async function oneEncoder(stack: Stack): Promise<number> {
  let running: number[] = [];
  await until("one encoder runs", async () => (running = await encoders(stack.bridge.pid)).length === 1);
  return running[0] ?? 0;
}

/** Every picture came in the order it was taken, and between the first and the last hardly one is missing. */
function assertUnbroken(viewer: Viewer, from: number, most: number): void {
  const numbers = viewer.live.slice(from).map(({ frameNumber }) => frameNumber);
  assert.equal(viewer.ended, false);
  assert.equal(viewer.errors, "");
  const steps = numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0));
  assert.ok(
    steps.every((step) => step >= 0 && step <= most),
    `steps of ${Math.min(...steps)} to ${Math.max(...steps)}`,
  );
}

async function ratePerSecond(viewer: Viewer): Promise<number> {
  const before = viewer.live.length;
  await wait(6000);
  return (viewer.live.length - before) / 6;
}

test("a second stream goes along with the first", { timeout: 280_000 }, async (t) => {
  await using stack = await Stack.start({ bridge: true, inventory: { bridge: { sub } } });
  await using main = stack.watch("cc1");
  await main.showsLive(10);

  await t.test("nobody watches the second one: it costs nothing, and is listed", async () => {
    assert.equal((await stack.stream("cc1_sub"))["state"], "idle");
    await oneEncoder(stack);
  });

  await t.test("who comes to it and goes again is not seen on the first", async () => {
    const from = main.live.length;
    for (let visit = 0; visit < 2; visit += 1) {
      await using visitor = stack.watch("cc1_sub");
      await visitor.showsLive(6);
      await oneEncoder(stack);
      assert.equal(cameraConnections(stack), 1);
      await visitor[Symbol.asyncDispose]();
      await until("it is idle", async () => (await stack.stream("cc1_sub"))["state"] === "idle");
      await oneEncoder(stack);
      await main.showsLive(5, Date.now());
    }
    assertUnbroken(main, from, 2);
    assert.equal((await stack.stream("cc1"))["restarts"], 0);
  });

  await using second = stack.watch("cc1_sub");
  await second.showsLive(5);

  await t.test("both watched: one encoder, one camera connection, sizes and rates as configured", async () => {
    await oneEncoder(stack);
    assert.equal(cameraConnections(stack), 1);
    assert.equal(await sizeOf(stack, "cc1"), "640,360");
    assert.equal(await sizeOf(stack, "cc1_sub"), "320,180");
    const rates = await Promise.all([ratePerSecond(main), ratePerSecond(second)]);
    assert.ok(rates[1] <= 4 && rates[1] < rates[0], `${rates.join(" and ")} a second`);
    const { width, state } = await stack.stream("cc1_sub");
    assert.deepEqual([width, state], [320, "live"]);
  });

  await t.test("the encoder is killed: both sessions go on", async () => {
    process.kill(await oneEncoder(stack), "SIGKILL");
    await Promise.all([main.showsLive(5, Date.now()), second.showsLive(5, Date.now())]);
    await oneEncoder(stack);
  });

  await t.test("the camera stalls: both hold, and both are live again", async () => {
    await stack.fault("cc1", "camera-stall");
    for (const id of ["cc1", "cc1_sub"]) {
      await until(`${id} holds`, async () => (await stack.stream(id))["state"] === "holding");
    }
    await wait(4000);
    await stack.fault("cc1", "camera-stall", { clear: true });
    await Promise.all([main.showsLive(5, Date.now()), second.showsLive(5, Date.now())]);
  });

  await t.test("the first one's viewer goes and another comes: the second goes on alone and beside it", async () => {
    const from = second.live.length;
    await main[Symbol.asyncDispose]();
    await until("it is idle", async () => (await stack.stream("cc1"))["state"] === "idle");
    await oneEncoder(stack);
    await second.showsLive(5, Date.now());
    await using again = stack.watch("cc1");
    await again.showsLive(10);
    await oneEncoder(stack);
    await second.showsLive(5, Date.now());
    assertUnbroken(second, from, 15);
  });

  await t.test("nobody watches either: nothing runs", async () => {
    await second[Symbol.asyncDispose]();
    await until("no encoder runs", async () => (await encoders(stack.bridge.pid)).length === 0);
  });
});

test("a camera that is handed through has a second stream too", { timeout: 200_000 }, async () => {
  await using camera = await VideoCamera.start();
  const door = { id: "door", family: "camera", camera: { url: camera.url } };
  await using stack = await Stack.start({
    bridge: true,
    printers: {},
    entries: [door],
    inventory: { bridge: { sub } },
  });
  await using second = stack.watch("door_sub");
  await until("the second one is seen", () => second.seen.length > 5);
  await using main = stack.watch("door");
  await until("the first one is seen", () => main.seen.length > 20);
  const [seen, { width, state }] = [second.seen.length, await stack.stream("door_sub")];
  assert.deepEqual([width, state], [320, "live"]);
  assert.equal((await stack.stream("door"))["encoder"], null);
  assert.equal(await camera.viewers(), 1);
  await main[Symbol.asyncDispose]();
  await until("the second one goes on", () => second.seen.length > seen + 10);
  assert.deepEqual([second.ended, second.errors], [false, ""]);
  await second[Symbol.asyncDispose]();
  await until("nothing runs", async () => (await encoders(stack.bridge.pid)).length === 0);
  await until("the camera is free", async () => (await camera.viewers()) === 0);
});
