// The thin client on stdin and stdout, before a real gateway.

import { strict as assert } from "node:assert";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { startTestGateway, type TestGateway } from "../test-gateway.ts";
import { runMcpStdio } from "./stdio.ts";

const timeout = 60_000;

interface Answer {
  readonly id?: number;
  readonly result?: { readonly tools?: readonly unknown[]; readonly serverInfo?: { readonly name: string } };
  readonly error?: { readonly message: string };
}

function start(url: string) {
  const input = new PassThrough();
  const output = new PassThrough();
  const lines: string[] = [];
  const told: string[] = [];
  const arrivals = new Set<() => void>();
  let rest = "";
  output.on("data", (chunk) => {
    const parts = (rest + String(chunk)).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    for (const arrive of arrivals) arrive();
  });
  const stop = new AbortController();
  const code = runMcpStdio({ url, signal: stop.signal, input, output, tell: (line) => void told.push(line) });
  const send = (message: object): void => void input.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const answer = async (id: number): Promise<Answer> => {
    for (;;) {
      const found = lines.map((line) => JSON.parse(line) as Answer).find((message) => message.id === id);
      if (found !== undefined) return found;
      const arrived = Promise.withResolvers<void>();
      arrivals.add(arrived.resolve);
      await arrived.promise;
    }
  };
  return { input, code, told, stop, send, answer, lines };
}

const initialize = {
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};

test("carries requests to the gateway and answers back, and ends with stdin", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const stdio = start(gateway.url);
  stdio.send(initialize);
  assert.equal((await stdio.answer(1)).result?.serverInfo?.name, "gantry");
  stdio.send({ method: "notifications/initialized" });
  stdio.send({ id: 2, method: "tools/list" });
  assert.ok(((await stdio.answer(2)).result?.tools?.length ?? 0) > 3);
  stdio.input.end();
  assert.equal(await stdio.code, 0);
  assert.deepEqual(stdio.told, []);
});

test("answers what was asked before stdin ended", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const stdio = start(gateway.url);
  stdio.send(initialize);
  stdio.send({ method: "notifications/initialized" });
  stdio.send({ id: 2, method: "tools/list" });
  stdio.input.end();
  assert.equal(await stdio.code, 0);
  assert.deepEqual(
    stdio.lines.map((line) => (JSON.parse(line) as Answer).id),
    [1, 2],
  );
});

test("ends when it is told to", { timeout }, async () => {
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const stdio = start(`${gateway.url}/mcp`);
  stdio.send(initialize);
  await stdio.answer(1);
  stdio.stop.abort();
  assert.equal(await stdio.code, 0);
});

test("says in one line when no gateway is there, and writes nothing to stdout", { timeout }, async () => {
  let url: string;
  {
    await using gateway: TestGateway = await startTestGateway(new FakeFleet());
    ({ url } = gateway);
  }
  for (const address of [url, "not an address", "ftp://lab"]) {
    const stdio = start(address);
    assert.equal(await stdio.code, 1);
    assert.equal(stdio.told.length, 1);
    assert.match(stdio.told[0] ?? "", /--url http/u);
    assert.deepEqual(stdio.lines, []);
  }
});

test(
  "opens a new session when the gateway forgot the old one, and the client notices nothing",
  { timeout },
  async () => {
    await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
    const stdio = start(gateway.url);
    stdio.send(initialize);
    await stdio.answer(1);
    // Without its listening stream the session is idle, as it is after a restart of the gateway.
    await gateway.clock.advance(31 * 60_000);
    stdio.send({ id: 2, method: "tools/list" });
    assert.ok(((await stdio.answer(2)).result?.tools?.length ?? 0) > 3);
    stdio.input.end();
    assert.equal(await stdio.code, 0);
    assert.deepEqual(
      stdio.lines.map((line) => (JSON.parse(line) as Answer).id),
      [1, 2],
    );
  },
);

test("answers with an error what the gateway cannot take any more", { timeout }, async () => {
  const gateway = await startTestGateway(new FakeFleet(fakePrinter("a")));
  const stdio = start(gateway.url);
  stdio.send(initialize);
  await stdio.answer(1);
  await gateway[Symbol.asyncDispose]();
  stdio.send({ id: 2, method: "tools/list" });
  assert.match((await stdio.answer(2)).error?.message ?? "", /the gateway at/u);
  stdio.input.end();
  assert.equal(await stdio.code, 0);
});
