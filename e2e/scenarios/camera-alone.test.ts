// Cameras without a printer, through a running gateway: a stream and a still in the same list as
// printers, told when they go, back by themselves, opened for nobody.

import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { readPictureCode } from "../simulators/picture/code.ts";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { fault } from "./harness/fault.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

type Json = Readonly<Record<string, unknown>>;

/** A gateway whose inventory has a stream and a still of the webcam, and a camera that is not there. */
async function start({ host, ports }: LaunchedSimulator): Promise<Stack> {
  const base = `http://${host}:${ports["main"]}`;
  const entries = [
    { id: "door", name: "Workshop door", family: "camera", camera: { url: `${base}/stream` } },
    { id: "still", family: "camera", control: true, camera: { url: `${base}/snapshot.jpg` } },
    { id: "away", family: "camera", camera: { url: "http://127.0.0.1:9/stream" } },
  ];
  return Stack.start({ printers: {}, entries, inventory: { gateway: { camera_grace: "1s" } } });
}

test("cameras without a printer", { timeout: 180_000 }, async (t) => {
  const settings = { size: "640x360" };
  await using webcam = await startSimulator({ family: "camera", ports: { main: 0 }, settings });
  await using stack = await start(webcam);
  const get = async (path: string): Promise<Response> => fetch(`${stack.gatewayUrl}/api/v1/printers${path}`);
  const state = async (id: string): Promise<Json> => (await (await get(`/${id}/state`)).json()) as Json;
  const connected = async (id: string, is: boolean): Promise<Json> =>
    until(`${id} is ${is ? "connected" : "lost"}`, async () => {
      const seen = await state(id);
      return seen["connected"] === is && seen["reason"] !== "connecting" && seen;
    });
  const counters = (): { total: number; current: number; snapshots: number } =>
    webcam.control.counters()["camera"] as { total: number; current: number; snapshots: number };

  await t.test("they stand in the list, connected and idle, and nobody opens them", async () => {
    for (const id of ["door", "still"]) {
      assert.equal((await connected(id, true))["phase"], "idle");
      const { capabilities, commands } = (await (await get(`/${id}`)).json()) as Record<string, string[]>;
      assert.deepEqual([capabilities, commands], [["camera"], ["refresh"]]);
    }
    assert.match(String((await connected("away", false))["reason"]), /camera.*ECONNREFUSED/u);
    assert.deepEqual([counters().total, counters().snapshots], [0, 0]);
  });

  await t.test("a stream and a still both give a fresh snapshot and a live stream", async () => {
    for (const id of ["door", "still"]) {
      const response = await get(`/${id}/snapshot.jpg`);
      assert.equal(response.status, 200);
      const picture = sharp(await response.bytes()).greyscale();
      const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
      const code = readPictureCode(data, info.width, info.height);
      assert.ok(code !== undefined && Date.now() - code.capturedAtMs < 5000);
    }
    const abort = new AbortController();
    const stream = await fetch(`${stack.gatewayUrl}/api/v1/printers/still/camera.mjpeg`, { signal: abort.signal });
    let parts = 0;
    for await (const chunk of stream.body ?? []) {
      parts += Buffer.from(chunk).toString("latin1").split("Content-Length:").length - 1;
      if (parts >= 3) break;
    }
    abort.abort();
    assert.ok(parts >= 3);
  });

  await t.test("nobody looks any more: they are closed", async () => {
    await until("the stream is closed", () => counters().current === 0);
    const { snapshots } = counters();
    await new Promise((resolve) => void setTimeout(resolve, 2500));
    assert.ok(counters().snapshots <= snapshots + 1);
  });

  await t.test("one that goes is told in words, and is back by itself", async () => {
    await fault(webcam, "refuse");
    const seen = await until(
      "it is told",
      async () => {
        const lost = await state("door");
        return lost["connected"] === false && lost;
      },
      60_000,
    );
    assert.match(String(seen["reason"]), /camera/u);
    assert.equal((await get("/door/snapshot.jpg")).status, 503);
    await fault(webcam, "refuse", { clear: true });
    await connected("door", true);
    assert.equal((await get("/door/snapshot.jpg")).status, 200);
  });
});
