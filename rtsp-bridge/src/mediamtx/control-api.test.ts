import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test, type TestContext } from "node:test";
import { listen } from "@gantry/platform/http-server";
import { ControlApi } from "./control-api.ts";
import { MediamtxError } from "./errors.ts";

interface Seen {
  readonly line: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

async function fakeServer(
  context: TestContext,
  answer: (line: string) => { status?: number; body: unknown } | undefined,
): Promise<{ api: ControlApi; seen: Seen[] }> {
  const seen: Seen[] = [];
  const handler: RequestListener = (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const line = `${request.method} ${request.url}`;
      seen.push({ line, authorization: request.headers.authorization, body });
      const reply = answer(line);
      if (reply === undefined) request.socket.destroy();
      else {
        response.statusCode = reply.status ?? 200;
        response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
      }
    });
  };
  const server = await listen(handler, { host: "127.0.0.1", port: 0, graceMs: 0 });
  context.after(async () => server[Symbol.asyncDispose]());
  return { api: new ControlApi({ url: server.url, user: "bridge", password: "abc123" }), seen };
}

function isFault(reason: string, text: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof MediamtxError && error.reason === reason && text.test(error.message);
}

void test("every request carries the credentials of the bridge", async (context) => {
  const { api, seen } = await fakeServer(context, () => ({ body: { version: "v1.20.1", started: "" } }));
  assert.equal(await api.version(), "v1.20.1");
  assert.deepEqual(seen, [
    { line: "GET /v3/info", authorization: `Basic ${Buffer.from("bridge:abc123").toString("base64")}`, body: "" },
  ]);
});

void test("a path is put in place with its settings", async (context) => {
  const { api, seen } = await fakeServer(context, () => ({ body: { status: "ok" } }));
  await api.replacePath("cc1", { source: "publisher" });
  assert.equal(seen[0]?.line, "POST /v3/config/paths/replace/cc1");
  assert.equal(seen[0]?.body, '{"source":"publisher"}');
});

void test("viewers are counted over all pages", async (context) => {
  const { api } = await fakeServer(context, (line) => ({
    body: line.endsWith("page=0")
      ? { itemCount: 2, pageCount: 2, items: [{ name: "cc1", readers: [{ type: "rtspSession", id: "1" }] }] }
      : { itemCount: 2, pageCount: 2, items: [{ name: "cc2", readers: [] }] },
  }));
  assert.deepEqual(
    [...(await api.viewers())],
    [
      ["cc1", 1],
      ["cc2", 0],
    ],
  );
});

void test("no path at all is no viewers", async (context) => {
  const { api } = await fakeServer(context, () => ({ body: { itemCount: 0, pageCount: 0, items: null } }));
  assert.equal((await api.viewers()).size, 0);
});

void test("a refusal is told in MediaMTX's own words", async (context) => {
  const { api } = await fakeServer(context, () => ({ status: 400, body: { status: "error", error: "invalid name" } }));
  await assert.rejects(api.replacePath("x", {}), isFault("refused", /invalid name/));
});

void test("a refusal without words is told by its status", async (context) => {
  const { api } = await fakeServer(context, () => ({ status: 500, body: "<html>" }));
  await assert.rejects(api.viewers(), isFault("refused", /HTTP 500/));
});

void test("deleting a path that is not there is fine", async (context) => {
  const { api } = await fakeServer(context, () => ({ status: 404, body: { status: "error", error: "not found" } }));
  await api.deletePath("cc1");
});

void test("a cut connection is unreachable", async (context) => {
  const { api } = await fakeServer(context, () => undefined);
  await assert.rejects(api.version(), isFault("unreachable", /\/v3\/info/));
});

void test("an answer that is no JSON is refused", async (context) => {
  const { api } = await fakeServer(context, () => ({ body: "ok" }));
  await assert.rejects(api.viewers(), isFault("refused", /no JSON/));
});
