import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openMjpeg, type MjpegError, type MjpegOptions } from "./mjpeg.ts";

/** A camera on a loopback port that counts the connections it was given. */
interface Camera extends AsyncDisposable {
  readonly url: string;
  readonly sockets: Set<Socket>;
  opened: number;
  /** Resolves when no connection is open any more. */
  closed(): Promise<void>;
}

async function listen(handler: RequestListener): Promise<Camera> {
  const sockets = new Set<Socket>();
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const camera: Camera = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/video`,
    sockets,
    opened: 0,
    closed: async () => {
      for (const socket of sockets) await new Promise((resolve) => socket.on("close", resolve));
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on("connection", (socket) => {
    camera.opened += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined); // the viewer hung up
  });
  return camera;
}

function picture(text: string): Buffer {
  const comment = Buffer.from(text);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xfe, (comment.length + 2) >> 8, (comment.length + 2) & 0xff]);
  return Buffer.concat([head, comment, Buffer.from([0xff, 0xda, 0, 2, 1, 0xff, 0xd9])]);
}

function part(text: string): Buffer {
  return Buffer.concat([Buffer.from("--foo\r\nContent-Type: image/jpeg\r\n\r\n"), picture(text), Buffer.from("\r\n")]);
}

function multipart(response: ServerResponse, ...texts: readonly string[]): void {
  response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=--foo" });
  response.flushHeaders();
  for (const text of texts) response.write(part(text));
}

const open = (url: string, options: Partial<MjpegOptions> = {}): AsyncGenerator<Uint8Array, never> =>
  openMjpeg(url, { signal: new AbortController().signal, stallMs: 20_000, ...options });

const text = (jpeg: Uint8Array): string => Buffer.from(jpeg.subarray(6, -7)).toString();

/** Reads to the end: what came, and why it ended. */
async function read(url: string, options: Partial<MjpegOptions> = {}): Promise<{ texts: string[]; error: MjpegError }> {
  const texts: string[] = [];
  try {
    for await (const jpeg of open(url, options)) texts.push(text(jpeg));
  } catch (error) {
    return { texts, error: error as MjpegError };
  }
  throw new Error("a stream without an end");
}

describe("openMjpeg", () => {
  it("yields every picture of one connection, then says that the camera ended it", async () => {
    await using camera = await listen((_, response) => {
      multipart(response, "a", "b", "c");
      response.end();
    });
    const { texts, error } = await read(camera.url);
    assert.deepEqual(texts, ["a", "b", "c"]);
    assert.equal(error.reason, "ended");
    await camera.closed();
    assert.equal(camera.opened, 1);
  });

  it("yields a picture while nothing follows it yet", async () => {
    await using camera = await listen((_, response) => multipart(response, "only"));
    for await (const jpeg of open(camera.url)) {
      assert.equal(text(jpeg), "only");
      break;
    }
    await camera.closed();
  });

  it("closes the connection when the consumer stops, fails or aborts", async () => {
    await using camera = await listen((_, response) => multipart(response, "a", "b"));
    const { signal } = new AbortController();
    for await (const _ of open(camera.url, { signal })) break;
    await camera.closed();
    assert.equal(getEventListeners(signal, "abort").length, 0);

    await assert.rejects(async () => {
      for await (const _ of open(camera.url)) throw new Error("consumer");
    }, /consumer/u);
    await camera.closed();

    const controller = new AbortController();
    const reason = new Error("enough");
    await assert.rejects(
      async () => {
        for await (const jpeg of open(camera.url, { signal: controller.signal })) {
          if (text(jpeg) === "b") controller.abort(reason);
        }
      },
      (error) => error === reason,
    );
    await camera.closed();
    assert.equal(camera.opened, 3);
  });

  it("closes the connection at once when it is aborted while the consumer is busy", async () => {
    await using camera = await listen((_, response) => multipart(response, "a"));
    const controller = new AbortController();
    const pictures = open(camera.url, { signal: controller.signal });
    await pictures.next();
    controller.abort();
    await camera.closed();
    await assert.rejects(pictures.next(), { name: "AbortError" });
  });

  it("ends with the signal's reason while it connects, and opens nothing when it was aborted before", async () => {
    await using camera = await listen(() => undefined);
    const controller = new AbortController();
    const pending = read(camera.url, { signal: controller.signal });
    while (camera.opened === 0) await sleep(5);
    controller.abort(new Error("enough"));
    assert.equal((await pending).error.message, "enough");
    await camera.closed();
    const late = await read(camera.url, { signal: controller.signal });
    assert.equal(late.error.message, "enough");
    assert.equal(camera.opened, 1);
  });

  it("takes a plain JPEG as a stream of one", async () => {
    await using camera = await listen((_, response) => {
      response.writeHead(200, { "content-type": "image/jpeg", "content-length": picture("still").length });
      response.end(picture("still"));
    });
    const { texts, error } = await read(camera.url);
    assert.deepEqual(texts, ["still"]);
    assert.equal(error.reason, "ended");
    await camera.closed();
  });

  it("follows a redirect to another host and keeps no connection to the first", async () => {
    await using camera = await listen((request, response) => {
      assert.equal(request.headers.authorization, undefined, "credentials stay with their host");
      assert.equal(request.headers["x-api-key"], undefined);
      multipart(response, "moved");
      response.end();
    });
    await using door = await listen((_, response) => {
      response.writeHead(302, { location: camera.url.replace("127.0.0.1", "localhost") });
      response.end("moved");
    });
    const { texts } = await read(door.url.replace("http://", "http://user:secret@"), {
      headers: { "x-api-key": "key" },
    });
    assert.deepEqual(texts, ["moved"]);
    await Promise.all([camera.closed(), door.closed()]);
    assert.deepEqual([door.opened, camera.opened], [1, 1]);
  });

  it("does not follow redirects for ever, nor to what is not http", async () => {
    await using camera = await listen((request, response) => {
      response.writeHead(302, { location: request.url === "/away" ? "rtsp://192.0.2.1/live" : "video" }).end();
    });
    const { error } = await read(camera.url);
    assert.deepEqual([error.reason, error.message], ["refused", "the camera's address redirects without end"]);
    assert.equal((await read(new URL("/away", camera.url).href)).error.reason, "unreachable");
    await camera.closed();
  });

  it("sends the credentials of the URL and the headers it was given", async () => {
    await using camera = await listen((request, response) => {
      assert.equal(request.headers["x-api-key"], "key");
      assert.equal(request.url, "/video");
      response.writeHead(request.headers.authorization === `Basic ${btoa("us:er:p%ss w")}` ? 204 : 401).end();
    });
    const url = camera.url.replace("http://", "http://us%3Aer:p%ss%20w@").replace("p%ss%20w", "p%25ss%20w");
    assert.equal((await read(url, { headers: { "x-api-key": "key" } })).error.status, 204);
  });

  it("names the status when the camera refuses", async () => {
    await using camera = await listen((_, response) => response.writeHead(503).end("busy".repeat(100_000)));
    const { error } = await read(camera.url);
    assert.deepEqual([error.reason, error.status], ["refused", 503]);
    await camera.closed();
  });

  it("refuses a page at once, and anything else after a bound or at its end", async () => {
    await using camera = await listen((request, response) => {
      if (request.url === "/page") {
        response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).write("<html>");
      } else if (request.url === "/video.h264") {
        response.writeHead(200, { "content-type": "application/octet-stream" });
        for (let count = 0; count < 40; count += 1) response.write(Buffer.alloc(32_768, 0x41));
      } else {
        response.end("no camera here");
      }
    });
    for (const path of ["/page", "/video.h264", "/words"]) {
      const { texts, error } = await read(new URL(path, camera.url).href);
      assert.deepEqual([texts, error.reason], [[], "not-mjpeg"], path);
      await camera.closed();
    }
  });

  it("does not take a large first picture for something else", async () => {
    await using camera = await listen((_, response) => {
      response.writeHead(200);
      const large = Buffer.concat([picture("").subarray(0, -3), Buffer.alloc(3_000_000, 1), picture("").subarray(-2)]);
      response.end(large);
    });
    assert.equal((await read(camera.url)).texts.length, 1);
  });

  it("says that the camera stalled when its answer, its first or its next picture does not come", async () => {
    await using camera = await listen((request, response) => {
      if (request.url === "/answer") return;
      multipart(response, ...(request.url === "/next" ? ["a"] : []));
    });
    const [answer, first, next] = await Promise.all([
      read(new URL("/answer", camera.url).href, { firstFrameMs: 100 }),
      read(new URL("/first", camera.url).href, { firstFrameMs: 500 }),
      read(new URL("/next", camera.url).href, { stallMs: 100, firstFrameMs: 10_000 }),
    ]);
    assert.deepEqual([answer.error.reason, first.error.reason, next.error.reason], ["stalled", "stalled", "stalled"]);
    assert.deepEqual([answer.texts, first.texts, next.texts], [[], [], ["a"]]);
    await camera.closed();
  });

  it("calls a stream that trickles without a picture stalled", async () => {
    await using camera = await listen((_, response) => {
      multipart(response, "a");
      const timer = setInterval(() => response.write("\r\n"), 20);
      response.on("close", () => clearInterval(timer));
    });
    const { error } = await read(camera.url, { stallMs: 200, firstFrameMs: 10_000 });
    assert.equal(error.reason, "stalled");
  });

  it("does not count the time that the consumer takes", async () => {
    await using camera = await listen((_, response) => multipart(response, "a", "b", "c"));
    const texts: string[] = [];
    for await (const jpeg of open(camera.url, { stallMs: 1500, firstFrameMs: 10_000 })) {
      texts.push(text(jpeg));
      if (texts.length === 3) break;
      if (texts.length === 1) await sleep(1700);
    }
    assert.deepEqual(texts, ["a", "b", "c"]);
  });

  it("says that the connection broke when it does so in the middle", async () => {
    await using camera = await listen((_, response) => {
      multipart(response, "a");
      setTimeout(() => response.socket?.destroy(), 50);
    });
    const { texts, error } = await read(camera.url);
    assert.deepEqual([texts, error.reason], [["a"], "ended"]);
  });

  it("gives the reason of a service that tells one", async () => {
    await using camera = await listen((_, response) => {
      const body = JSON.stringify({ title: "Not reachable", detail: "the camera is asleep" });
      response.writeHead(503, { "content-type": "application/problem+json" }).end(body);
    });
    const { error } = await read(camera.url);
    assert.deepEqual([error.reason, error.status, error.message], ["refused", 503, "the camera is asleep"]);
    assert.equal(error.isTold, true);
  });

  it("says that nothing can be reached, and why", async () => {
    const camera = await listen(() => undefined);
    await camera[Symbol.asyncDispose]();
    const { error } = await read(camera.url);
    assert.equal(error.reason, "unreachable");
    assert.match(error.message, /^the camera cannot be reached \(ECONNREFUSED\): is it on/u);
    for (const address of ["", "camera", "rtsp://192.0.2.1/live", "file:///etc/hosts"]) {
      assert.equal((await read(address)).error.message, "the camera's address is no http address");
    }
  });

  it("holds the camera back instead of gathering pictures that nobody takes", async () => {
    let accepted = 0;
    await using camera = await listen((_, response) => {
      multipart(response);
      const frame = Buffer.concat([picture("").subarray(0, -3), Buffer.alloc(250_000, 1), picture("").subarray(-2)]);
      const send = (): void => {
        while (accepted < 200_000_000 && !response.destroyed) {
          accepted += frame.length;
          if (!response.write(frame)) return void response.once("drain", send);
        }
      };
      send();
    });
    const pictures = open(camera.url);
    await pictures.next();
    let before = -1;
    while (before !== accepted) {
      before = accepted;
      await sleep(300);
    }
    assert.ok(accepted < 50_000_000, `the camera could send ${accepted} bytes`);
    await assert.rejects(pictures.throw(new Error("done")), /done/u);
    await camera.closed();
  });
});
