import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listen, type HttpServer } from "@gantry/platform/http-server";
import { openMjpeg } from "@gantry/platform/mjpeg";
import { FrameQueue } from "./frame-queue.ts";
import type { Frame } from "./hub.ts";
import { writeMultipart, type MultipartOptions } from "./multipart.ts";

/** One request being answered. */
interface Viewing {
  readonly frames: FrameQueue;
  readonly dropped: () => number;
  readonly closed: () => boolean;
  readonly done: Promise<void>;
}

let server: HttpServer;
let controller: AbortController;
let options: MultipartOptions;
let viewing: PromiseWithResolvers<Viewing>;

let sequence = 0;

function frame(size = 10): Frame {
  sequence += 1;
  const jpeg = new Uint8Array(size).fill(1);
  jpeg.set([0xff, 0xd8, 0xff, 0xda, 0, 2]);
  jpeg.set([0xff, 0xd9], size - 2);
  return { jpeg, arrivedMs: 0, sequence };
}

beforeEach(async () => {
  controller = new AbortController();
  options = {};
  viewing = Promise.withResolvers<Viewing>();
  server = await listen(
    (_, response) => {
      let dropped = 0;
      let closed = false;
      const frames = new FrameQueue({ onDrop: () => void (dropped += 1), onClose: () => void (closed = true) });
      const done = writeMultipart(response, frames, controller.signal, options);
      viewing.resolve({ frames, dropped: () => dropped, closed: () => closed, done });
    },
    { host: "127.0.0.1", port: 0, graceMs: 0 },
  );
});

afterEach(async () => {
  controller.abort();
  await server[Symbol.asyncDispose]();
});

async function request(): Promise<IncomingMessage> {
  const [response] = (await once(get(server.url, { agent: false }), "response")) as [IncomingMessage];
  response.on("error", () => undefined); // cut off by the server, or by the test
  return response;
}

async function readUntil(response: IncomingMessage, length: number): Promise<string> {
  let text = "";
  response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  while (text.length < length) await once(response, "data");
  return text;
}

/** A viewer that reads nothing once it has asked. */
async function sleeper(): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => undefined); // reset by the server
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: camera\r\n\r\n");
  await once(socket, "connect");
  return socket;
}

describe("writeMultipart", { timeout: 60_000 }, () => {
  it("says what it sends and that nothing may be kept", async () => {
    const response = await request();
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers["content-type"], "multipart/x-mixed-replace; boundary=frame");
    assert.match(response.headers["cache-control"] ?? "", /no-store/u);
    assert.equal(response.headers["transfer-encoding"], undefined);
    response.destroy();
  });

  it("writes each frame as a part with its length, the boundary right behind it", async () => {
    const response = await request();
    const { frames } = await viewing.promise;
    const jpeg = frame();
    frames.push(jpeg);
    const part = "Content-Type: image/jpeg\r\nContent-Length: 10\r\n\r\n";
    const expected = `--frame\r\n${part}${Buffer.from(jpeg.jpeg).toString("latin1")}\r\n--frame\r\n`;
    assert.equal(await readUntil(response, expected.length), expected);
    response.destroy();
  });

  it("is read by a reader of MJPEG, frame by frame", async () => {
    const { signal } = new AbortController();
    const pictures = openMjpeg(server.url, { signal, stallMs: 20_000 });
    for (const size of [10, 100_000, 3_000_000]) {
      const next = pictures.next();
      const { frames } = await viewing.promise;
      frames.push(frame(size));
      assert.equal((await next).value?.length, size);
    }
    await assert.rejects(pictures.throw(new Error("done")));
  });

  it("ends the frames when the viewer leaves, though none comes", async () => {
    const response = await request();
    const { done, closed } = await viewing.promise;
    response.destroy();
    await done;
    assert.equal(closed(), true);
  });

  it("ends the answer when the frames end", async () => {
    const response = await request();
    const { frames, done } = await viewing.promise;
    frames.close();
    response.resume();
    await Promise.all([once(response, "end"), done]);
  });

  it("ends the answer when the signal aborts, and answers nothing when it did before", async () => {
    const response = await request();
    const { done, closed } = await viewing.promise;
    controller.abort();
    response.resume();
    await Promise.all([once(response, "close"), done]);
    assert.equal(closed(), true);
    viewing = Promise.withResolvers<Viewing>();
    const late = await request();
    late.resume();
    await Promise.all([once(late, "close"), (await viewing.promise).done]);
  });

  it("takes no frame while the viewer is slow: the older ones are given up", async () => {
    const socket = await sleeper();
    const { frames, dropped, closed } = await viewing.promise;
    // Until the buffers between both ends are full, which is when the first frame is given up.
    while (dropped() === 0) {
      frames.push(frame(500_000));
      await sleep(1);
    }
    const before = dropped();
    for (let count = 0; count < 20; count += 1) frames.push(frame(500_000));
    await sleep(20);
    assert.equal(dropped(), before + 20);
    assert.equal(closed(), false);
    socket.resume();
    await once(socket, "data");
    socket.destroy();
  });

  it("cuts a viewer that takes nothing for too long", async () => {
    options = { drainMs: 200 };
    const socket = await sleeper();
    const { frames, done, closed } = await viewing.promise;
    const feed = setInterval(() => frames.push(frame(2_000_000)), 5);
    await done;
    clearInterval(feed);
    assert.equal(closed(), true);
    socket.resume();
    await once(socket, "close");
  });

  it("ends at once on abort while a viewer takes nothing", async () => {
    const socket = await sleeper();
    const { frames, dropped, done } = await viewing.promise;
    while (dropped() === 0) {
      frames.push(frame(2_000_000));
      await sleep(1);
    }
    controller.abort();
    await done;
    socket.resume();
    await once(socket, "close");
  });

  it("passes on what goes wrong with the frames, having ended the answer", async () => {
    await using broken = await listen(
      (_, response) => {
        const frames = (async function* (): AsyncGenerator<Frame> {
          yield frame();
          throw new Error("no more");
        })();
        writeMultipart(response, frames, controller.signal).catch((error: Error) => failure.resolve(error.message));
      },
      { host: "127.0.0.1", port: 0, graceMs: 0 },
    );
    const failure = Promise.withResolvers<string>();
    const [response] = (await once(get(broken.url, { agent: false }), "response")) as [IncomingMessage];
    response.resume();
    await once(response, "end");
    assert.equal(await failure.promise, "no more");
  });
});
