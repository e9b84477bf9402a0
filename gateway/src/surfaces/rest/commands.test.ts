// Commands over HTTP: what reaches the gate, and what is refused before it.

import { strict as assert } from "node:assert";
import { connect } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import type { Problem } from "../problem.ts";
import { startTestGateway } from "../test-gateway.ts";

const timeout = 30_000;

async function post(url: string, path: string, body?: string | Blob, type = "application/json"): Promise<Response> {
  const headers = body === undefined ? {} : { "Content-Type": type };
  return fetch(`${url}/api/v1/printers/cc1/commands/${path}`, { method: "POST", headers, body: body ?? null });
}

test("a command reaches the gate with its input and gives its output", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  const input = { heater: "bed", targetCelsius: 60 };
  const response = await post(gateway.url, "set-heater-target", JSON.stringify(input));
  assert.deepEqual([response.status, await response.json()], [200, { outcome: "acknowledged" }]);
  const [request] = fleet.requests;
  assert.deepEqual(
    [request?.printer, request?.command, request?.input, request?.surface, request?.dryRun],
    ["cc1", "setHeaterTarget", input, "rest", false],
  );
});

test("no body is an empty input, with and without a length", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  assert.equal((await post(gateway.url, "pause")).status, 200);
  assert.equal((await post(gateway.url, "pause", "", "text/plain")).status, 200);
  const port = Number(new URL(gateway.url).port);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      const path = "/api/v1/printers/cc1/commands/pause";
      socket.end(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    });
    let text = "";
    socket.on("data", (chunk) => (text += String(chunk)));
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
  assert.match(answer, /^HTTP\/1\.1 200 /u);
  assert.deepEqual(
    fleet.requests.map(({ input }) => input),
    [{}, {}, {}],
  );
});

test("a silent printer answers 202", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  fleet.answer = () => ({ outcome: "unconfirmed" });
  await using gateway = await startTestGateway(fleet);
  const response = await post(gateway.url, "pause");
  assert.deepEqual([response.status, await response.json()], [202, { outcome: "unconfirmed" }]);
});

test("a dry run is asked as one and says so", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  const response = await post(gateway.url, "pause?dryRun=true");
  assert.deepEqual([response.status, await response.json()], [200, { outcome: "dry_run" }]);
  assert.equal(fleet.requests[0]?.dryRun, true);
});

test("a misspelt dry run is refused instead of done", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  for (const query of ["dryrun=true", "dryRun=yes", "dryRun", "dryRun=true&dryRun=false"]) {
    assert.equal((await post(gateway.url, `pause?${query}`)).status, 400, query);
  }
  assert.deepEqual(fleet.requests, []);
});

test("an unknown command answers 404 and names those there are", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  for (const name of ["paws", "setHeaterTarget", "constructor"]) {
    const response = await post(gateway.url, name);
    const { code, detail } = (await response.json()) as Problem;
    assert.deepEqual([response.status, code], [404, "not_found"]);
    assert.match(detail, /set-heater-target/u);
  }
});

test("only JSON is taken, and only whole JSON", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  const refused = async (body: string | Blob, type?: string): Promise<[number, Problem]> => {
    const response = await post(gateway.url, "pause", body, type);
    return [response.status, (await response.json()) as Problem];
  };
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    const [status, { code }] = await refused("{}", type);
    assert.deepEqual([status, code], [415, "file_type"]);
  }
  for (const body of ["{", '{"a":1}x', "{'a':1}", new Blob([Uint8Array.of(0x22, 0xff, 0x22)])]) {
    const [status, { code, errors }] = await refused(body);
    assert.deepEqual([status, code, errors?.[0]?.pointer], [400, "invalid_input", ""]);
  }
  assert.deepEqual(fleet.requests, []);
});

test("a body above 1 MiB answers 413, packed or not", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  await using gateway = await startTestGateway(fleet);
  const response = await post(gateway.url, "send-gcode", `{"lines":["${"G".repeat(1024 * 1024)}"]}`);
  assert.deepEqual([response.status, ((await response.json()) as Problem).code], [413, "file_too_large"]);
  const packed = await fetch(`${gateway.url}/api/v1/printers/cc1/commands/pause`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Content-Encoding": "gzip" },
    body: gzipSync(Buffer.alloc(2 * 1024 * 1024)),
  });
  assert.equal(packed.status, 413);
  assert.deepEqual(fleet.requests, []);
});

test("a client that goes away aborts the signal of its command", { timeout }, async () => {
  const fleet = new FakeFleet(fakePrinter("cc1"));
  const asked = Promise.withResolvers<AbortSignal>();
  const gone = Promise.withResolvers<string>();
  fleet.answer = async ({ signal }) => {
    assert.ok(signal);
    asked.resolve(signal);
    signal.addEventListener("abort", () => gone.resolve("aborted"));
    await gone.promise;
    return { outcome: "acknowledged" };
  };
  await using gateway = await startTestGateway(fleet);
  const leave = new AbortController();
  const url = `${gateway.url}/api/v1/printers/cc1/commands/pause`;
  const request = fetch(url, { method: "POST", signal: leave.signal });
  await asked.promise;
  leave.abort();
  await assert.rejects(request);
  assert.equal(await gone.promise, "aborted");
});
