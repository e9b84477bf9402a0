import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, test } from "node:test";
import { downloadVideo } from "./video.ts";

const timeout = 60_000;

/** A server that answers each request head with what a test gives, byte for byte. */
async function serve(answer: (head: string) => string | Buffer): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => socket.write(answer(String(chunk))));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

async function download(port: number, signal = AbortSignal.timeout(30_000)): Promise<string> {
  const about = { host: "127.0.0.1", port, code: "Ab 12", video: "video/new 1.mp4", signal };
  const { content } = await downloadVideo(about);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("a time-lapse", { timeout }, () => {
  test("is read to its last chunk though it is framed twice and the connection stays open", async () => {
    let head = "";
    await using server = await serve((request) => {
      head = request;
      return "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nmovie\r\n4\r\n.mp4\r\n0\r\n\r\n";
    });
    assert.equal(await download(server.port), "movie.mp4");
    assert.match(head, /^GET \/download\?X-Token=Ab%2012&file_name=video%2Fnew%201\.mp4 /u);
  });

  for (const [status, code] of [
    [404, "not_found"],
    [401, "printer_auth"],
    [500, "printer_refused"],
  ] as const) {
    test(`that the printer answers with ${status} is ${code}`, async () => {
      await using server = await serve(() => `HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      await assert.rejects(download(server.port), { code });
    });
  }

  test("ends with the caller's signal while the printer is silent", async () => {
    await using server = await serve(() => "");
    const caller = new AbortController();
    const reading = assert.rejects(download(server.port, caller.signal), { name: "AbortError" });
    setTimeout(() => caller.abort(), 50);
    await reading;
  });

  test("that breaks off says so", async () => {
    await using server = await serve(() => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nmovie\r\nzz\r\n");
    await assert.rejects(download(server.port));
  });
});
