// Streamable HTTP on the wire: how sessions begin, are refused, grow idle and end.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { startTestGateway } from "../test-gateway.ts";

const timeout = 60_000;

const headers = { "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};
const listTools = { jsonrpc: "2.0", id: 2, method: "tools/list" };

async function post(url: string, body: object, session?: string): Promise<Response> {
  const own = session === undefined ? {} : { "Mcp-Session-Id": session };
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: { ...headers, ...own },
    body: JSON.stringify(body),
  });
  return new Response(await response.text(), response);
}

async function begin(url: string): Promise<string> {
  const response = await post(url, initialize);
  assert.equal(response.status, 200);
  return response.headers.get("mcp-session-id") ?? assert.fail("no session id");
}

async function openSessions(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^gantry_mcp_sessions (\d+)$/mu.exec(text)?.[1]);
}

async function connect(url: string, capabilities = {}): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { capabilities });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  return client;
}

test(
  "a client works over HTTP, hears of changed lists, and is asked before anything is destroyed",
  { timeout },
  async () => {
    const fleet = new FakeFleet(fakePrinter("a"));
    await using gateway = await startTestGateway(fleet);
    const client = await connect(gateway.url, { elicitation: {} });
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { confirm: true } }));
    const told = Promise.withResolvers<void>();
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => told.resolve());
    await client.listTools();
    const { structuredContent } = await client.callTool({ name: "stop", arguments: { printer: "a" } });
    assert.deepEqual(structuredContent, { outcome: "acknowledged" });
    // The client opens its listening stream on its own time, so it is told again until it hears.
    const again = setInterval(() => fleet.replace(fakePrinter(`p${Math.random()}`.replace(".", ""))), 50);
    await told.promise;
    clearInterval(again);
    await client.close();
  },
);

test("a request without a session is refused unless it begins one", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  assert.equal((await post(gateway.url, listTools)).status, 400);
  assert.equal((await fetch(`${gateway.url}/mcp`, { headers: { Accept: "text/event-stream" } })).status, 400);
  assert.equal((await fetch(`${gateway.url}/mcp`, { method: "DELETE" })).status, 400);
  assert.equal(await openSessions(gateway.url), 0);
});

test("an unknown session answers 404, a wrong type 415, bad JSON 400, another method 405", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  assert.equal((await post(gateway.url, listTools, "nope")).status, 404);
  const send = async (init: RequestInit) => (await fetch(`${gateway.url}/mcp`, init)).status;
  assert.equal(await send({ method: "POST", headers: { ...headers, "Content-Type": "text/plain" }, body: "{}" }), 415);
  assert.equal(await send({ method: "POST", headers, body: "{" }), 400);
  assert.equal(await send({ method: "PUT", headers, body: "{}" }), 405);
  assert.equal(await openSessions(gateway.url), 0);
});

test("DELETE ends a session, and it is unknown from then on", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const session = await begin(gateway.url);
  assert.equal((await post(gateway.url, listTools, session)).status, 200);
  assert.equal(await openSessions(gateway.url), 1);
  const ended = await fetch(`${gateway.url}/mcp`, { method: "DELETE", headers: { "Mcp-Session-Id": session } });
  assert.equal(ended.status, 200);
  assert.equal((await post(gateway.url, listTools, session)).status, 404);
  assert.equal(await openSessions(gateway.url), 0);
});

test("an idle session ends after half an hour; one that listens does not", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const idle = await begin(gateway.url);
  const listening = await begin(gateway.url);
  const leave = new AbortController();
  const stream = await fetch(`${gateway.url}/mcp`, {
    headers: { Accept: "text/event-stream", "Mcp-Session-Id": listening },
    signal: leave.signal,
  });
  assert.equal(stream.status, 200);
  await gateway.clock.advance(29 * 60_000);
  assert.equal(await openSessions(gateway.url), 2);
  await gateway.clock.advance(2 * 60_000);
  assert.equal(await openSessions(gateway.url), 1);
  assert.equal((await post(gateway.url, listTools, idle)).status, 404);
  leave.abort();
});

test("there is room for 64 sessions; the next one takes the place of the one idle longest", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const first = await begin(gateway.url);
  await gateway.clock.advance(1000);
  for (let count = 1; count < 64; count += 1) await begin(gateway.url);
  const last = await begin(gateway.url);
  assert.equal(await openSessions(gateway.url), 64);
  assert.equal((await post(gateway.url, listTools, first)).status, 404);
  assert.equal((await post(gateway.url, listTools, last)).status, 200);
});

test("the end of the gateway ends sessions and their streams", { timeout }, async () => {
  const gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const session = await begin(gateway.url);
  const stream = await fetch(`${gateway.url}/mcp`, {
    headers: { Accept: "text/event-stream", "Mcp-Session-Id": session },
  });
  const ended = stream.text();
  await gateway[Symbol.asyncDispose]();
  await ended;
  assert.equal(gateway.clock.pending, 0);
});
