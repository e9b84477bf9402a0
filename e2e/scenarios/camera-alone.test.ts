// Cameras without a printer, through a running gateway: a stream and a still in the same list as
// printers, told when they go, back by themselves, opened for nobody.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { readPictureCode } from "../simulators/picture/code.ts";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { Service } from "./harness/service.ts";
import { until } from "./harness/until.ts";

type Json = Readonly<Record<string, unknown>>;

async function start(webcam: LaunchedSimulator): Promise<{ url: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-camera-"));
  const base = `http://${webcam.host}:${webcam.ports["main"]}`;
  const printers = [
    { id: "door", name: "Workshop door", family: "camera", camera: { url: `${base}/stream` } },
    { id: "still", family: "camera", control: true, camera: { url: `${base}/snapshot.jpg` } },
    { id: "away", family: "camera", camera: { url: "http://127.0.0.1:9/stream" } },
  ];
  await writeFile(join(folder, "printers.yaml"), JSON.stringify({ gateway: { camera_grace: "1s" }, printers }));
  const service = new Service("gateway", ["gateway/src/main.ts"], {
    GANTRY_INVENTORY: join(folder, "printers.yaml"),
    GANTRY_DATA_DIR: join(folder, "data"),
    GANTRY_HTTP_HOST: "127.0.0.1",
    GANTRY_HTTP_PORT: "0",
  });
  return {
    url: String((await service.listening())["http"]),
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Closes the webcam's port, or opens it again. */
async function refuse({ admin }: LaunchedSimulator, more: Json): Promise<void> {
  const body = JSON.stringify({ name: "refuse", ...more });
  assert.ok((await fetch(`${admin}/fault`, { method: "POST", body })).ok);
}

test("cameras without a printer", { timeout: 180_000 }, async (t) => {
  const settings = { size: "640x360" };
  await using webcam = await startSimulator({ family: "camera", ports: { main: 0 }, settings });
  await using gateway = await start(webcam);
  const get = async (path: string): Promise<Response> => fetch(`${gateway.url}/api/v1/printers${path}`);
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
    const stream = await fetch(`${gateway.url}/api/v1/printers/still/camera.mjpeg`, { signal: abort.signal });
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
    await refuse(webcam, {});
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
    await refuse(webcam, { clear: true });
    await connected("door", true);
    assert.equal((await get("/door/snapshot.jpg")).status, 200);
  });
});
