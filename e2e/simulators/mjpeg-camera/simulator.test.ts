// The plain webcam over its wire.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import sharp from "sharp";
import { type LaunchedSimulator, startSimulator } from "../launch.ts";
import { readPictureCode } from "../picture/code.ts";

async function start(settings: Readonly<Record<string, string>> = {}): Promise<LaunchedSimulator> {
  return startSimulator({ family: "mjpeg-camera", ports: { main: 0 }, settings: { size: "320x180", ...settings } });
}

const urlOf = ({ host, ports }: LaunchedSimulator): string => `http://${host}:${ports["main"]}`;

async function fault({ admin }: LaunchedSimulator, body: unknown): Promise<void> {
  const response = await fetch(`${admin}/fault`, { method: "POST", body: JSON.stringify(body) });
  assert.equal(response.status, 200, await response.text());
}

/** Reads a stream until `enough` says so; gives all bytes and whether the server ended it. */
async function read(url: string, enough: (bytes: Buffer) => boolean): Promise<{ bytes: Buffer; ended: boolean }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  let bytes = Buffer.alloc(0);
  try {
    for await (const chunk of response.body ?? []) {
      bytes = Buffer.concat([bytes, chunk]);
      if (enough(bytes)) return { bytes, ended: false };
    }
  } catch {
    // A cut connection is one of the faults.
  }
  return { bytes, ended: true };
}

describe("the simulated webcam", { timeout: 120_000 }, () => {
  test("streams parts whose Content-Length is that of one JPEG", async () => {
    await using camera = await start();
    const { bytes } = await read(`${urlOf(camera)}/stream`, ({ length }) => length > 40_000);
    const [, head, length] = /^(--frame\r\nContent-Type: image\/jpeg\r\nContent-Length: (\d+)\r\n\r\n)/.exec(
      bytes.toString("latin1"),
    ) ?? ["", "", ""];
    const start_ = (head ?? "").length;
    const jpeg = bytes.subarray(start_, start_ + Number(length));
    assert.deepEqual([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
    assert.match(bytes.toString("latin1", start_ + Number(length)), /^\r\n--frame\r\n/);
  });

  test("gives a snapshot of the size asked for, with a readable code", async () => {
    await using camera = await start({ size: "640x480" });
    const response = await fetch(`${urlOf(camera)}/snapshot.jpg`);
    assert.equal(response.headers.get("content-type"), "image/jpeg");
    const picture = sharp(await response.arrayBuffer())
      .greyscale()
      .raw();
    const { data, info } = await picture.toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height], [640, 480]);
    assert.ok((readPictureCode(data, info.width, info.height)?.frameNumber ?? 0) > 0);
  });

  test("leaves out lengths, sends garbage, changes size and rate, as told", async () => {
    await using camera = await start();
    await fault(camera, { name: "no-content-length" });
    const { bytes } = await read(`${urlOf(camera)}/stream`, ({ length }) => length > 5000);
    assert.match(bytes.toString("latin1"), /^--frame\r\nContent-Type: image\/jpeg\r\n\r\n/);
    await fault(camera, { name: "garbage" });
    const garbage = Buffer.from(await (await fetch(`${urlOf(camera)}/snapshot.jpg`)).arrayBuffer());
    assert.match(garbage.toString("latin1"), /^no picture /);
    await fault(camera, { clear: true });
    await fault(camera, { name: "rate-change", fps: 30 });
    await fault(camera, { name: "size-change", width: 400, height: 300 });
    const metadata = await sharp(await (await fetch(`${urlOf(camera)}/snapshot.jpg`)).arrayBuffer()).metadata();
    assert.deepEqual([metadata.width, metadata.height], [400, 300]);
  });

  test("ends a stream in the middle of a picture", async () => {
    await using camera = await start();
    let told = false;
    const { bytes, ended } = await read(`${urlOf(camera)}/stream`, () => {
      if (!told) void fault(camera, { name: "half-frame" });
      told = true;
      return false;
    });
    assert.equal(ended, true);
    assert.notEqual(bytes.subarray(-4).toString("hex"), "ffd90d0a");
  });

  test("refuses connections and listens again on the same port", async () => {
    await using camera = await start();
    await fault(camera, { name: "refuse" });
    await assert.rejects(fetch(`${urlOf(camera)}/snapshot.jpg`));
    await fault(camera, { name: "refuse", clear: true });
    assert.equal((await fetch(`${urlOf(camera)}/snapshot.jpg`)).status, 200);
  });
});
