import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { postForm } from "./form-upload.ts";

const timeout = 60_000;

async function withServer(
  listener: RequestListener,
  bytes: Uint8Array,
  act: (post: (signal?: AbortSignal) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-form-"));
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  try {
    const path = join(folder, "a.gcode");
    await writeFile(path, bytes);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/upload`;
    const file = { field: "file", name: 'a "b".gcode', content: path };
    await act(async (signal = AbortSignal.timeout(timeout)) =>
      postForm(url, { fields: { root: "gcodes" }, file, headers: { "X-Api-Key": "k" }, signal }),
    );
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  }
}

async function check(request: IncomingMessage): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  assert.equal(request.headers["content-length"], String(body.length));
  assert.equal(request.headers["x-api-key"], "k");
  const type = request.headers["content-type"] ?? "";
  const parsed = await new Response(body, { headers: { "content-type": type } }).formData();
  assert.equal(parsed.get("root"), "gcodes");
  const file = parsed.get("file") as File;
  assert.deepEqual([file.name, file.size], ['a "b".gcode', 300_000]);
}

const checking: RequestListener = (request, response) => {
  void check(request).then(
    () => response.end("{}"),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
};

test("the form arrives whole, with its length and its names", { timeout }, async () => {
  await withServer(checking, new Uint8Array(300_000), async (post) => {
    const response = await post();
    assert.deepEqual([response.status, await response.text()], [200, "{}"]);
  });
});

const tooLarge: RequestListener = (request, response) => {
  request.once("data", () => response.writeHead(413, { Connection: "close" }).end("too large"));
};

test("an answer before the body's end is the answer, and the rest is not sent", { timeout }, async () => {
  await withServer(tooLarge, new Uint8Array(50_000_000), async (post) => {
    const response = await post();
    assert.deepEqual([response.status, await response.text()], [413, "too large"]);
  });
});

const breakingOff: RequestListener = (request) => void request.once("data", () => request.socket.destroy());

test("a server that breaks off is an error, never a crash", { timeout }, async () => {
  await withServer(breakingOff, new Uint8Array(5_000_000), async (post) => {
    await assert.rejects(post());
  });
});

test("the signal ends it with its reason", { timeout }, async () => {
  const reason = new Error("enough");
  const abort = new AbortController();
  const listener: RequestListener = (request) => void request.once("data", () => abort.abort(reason));
  await withServer(listener, new Uint8Array(5_000_000), async (post) => {
    await assert.rejects(post(abort.signal), reason);
  });
});
