import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { FakeClock } from "./fake-clock.ts";
import { openPictures } from "./pictures.ts";
import { pollStills } from "./stills.ts";

const jpeg = Buffer.from("ffd8ffdb0004000affda0004000001ffd9", "hex");
const part = Buffer.concat([
  Buffer.from(`--x\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`),
  jpeg,
]);

async function serve(handler: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, "it never happened");
    await turn();
  }
}

for (const [name, open] of Object.entries({ openPictures, pollStills })) {
  test(`${name} asks a camera with single pictures once a second, and only as long as they are taken`, async () => {
    let requests = 0;
    await using camera = await serve((_request, response) => {
      requests += 1;
      response.writeHead(200, { "Content-Type": "image/jpeg", "Content-Length": jpeg.length }).end(jpeg);
    });
    const clock = new FakeClock();
    const pictures = open(camera.url, { signal: AbortSignal.timeout(30_000), clock, stallMs: 10_000 });
    for (const expected of [1, 2, 3]) {
      const next = pictures.next();
      await until(() => requests === expected || clock.pending > 0);
      await clock.advance(1000);
      assert.deepEqual(Buffer.from((await next).value), jpeg);
      assert.equal(requests, expected);
    }
    await pictures.return?.(undefined as never);
    assert.equal(clock.pending, 0);
  });
}

test("a stream stays one connection, and its end is told", async () => {
  let requests = 0;
  await using camera = await serve((_request, response) => {
    requests += 1;
    response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=x" });
    response.end(Buffer.concat([part, part]));
  });
  const options = { signal: AbortSignal.timeout(30_000), clock: new FakeClock(), stallMs: 10_000 };
  let pictures = 0;
  await assert.rejects(
    async () => {
      for await (const _ of openPictures(camera.url, options)) pictures += 1;
    },
    { reason: "ended" },
  );
  assert.deepEqual([pictures, requests], [2, 1]);
});

test("a camera that refuses is told at once", async () => {
  await using camera = await serve((_request, response) => void response.writeHead(401).end());
  const options = { signal: AbortSignal.timeout(30_000), clock: new FakeClock(), stallMs: 10_000 };
  await assert.rejects(async () => openPictures(camera.url, options).next(), { reason: "refused", status: 401 });
});
