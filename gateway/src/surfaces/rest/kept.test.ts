// Recordings by way of the gateway: for who may look, in parts, and never more of them in memory than is taken.

import { strict as assert } from "node:assert";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { AccessSettings } from "@gantry/config";
import { FakeFleet, fakePrinter } from "../fake-fleet.ts";
import { content, TestBridge } from "../test-bridge.ts";
import { startTestGateway } from "../test-gateway.ts";

const timeout = 30_000;
const token = "hallway-token-0123456789";
const closed: AccessSettings = {
  cameras: { username: "home", password: "correct-horse" },
  tokens: [{ name: "hallway", token, printers: ["a"] }],
};

async function start(access: AccessSettings | null = null) {
  const stack = new AsyncDisposableStack();
  const bridge = stack.use(await TestBridge.start());
  const gateway = stack.use(
    await startTestGateway(new FakeFleet(fakePrinter("a"), fakePrinter("b")), {
      bridge: { url: bridge.url, key: () => "the-inner-key" },
      access: { current: () => access, onChange: () => ({ [Symbol.dispose]: () => undefined }) },
    }),
  );
  const ask = async (path: string, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/api/v1/printers/${path}`, { headers });
  return { bridge, ask, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
}

test("lists are of one printer", { timeout }, async () => {
  await using it = await start();
  const ids = async (path: string) =>
    ((await (await it.ask(path)).json()) as { items: { id: string }[] }).items.map(({ id }) => id);
  assert.deepEqual(await ids("a/recordings"), ["a.100"]);
  assert.deepEqual(await ids("a/timelapses"), ["a.100"]);
  assert.deepEqual(await ids("b/recordings"), []);
  assert.equal((await it.ask("none/recordings")).status, 404);
});

test("a file comes whole or in the part that is asked for, with what a player needs to know", { timeout }, async () => {
  await using it = await start();
  const whole = await it.ask("a/recordings/a.100");
  assert.deepEqual([whole.status, await whole.text()], [200, content]);
  assert.equal(whole.headers.get("accept-ranges"), "bytes");
  assert.equal(whole.headers.get("x-other"), null);
  const part = await it.ask("a/timelapses/a.100", { Range: "bytes=90-", "If-Range": '"x"' });
  assert.deepEqual([part.status, await part.text()], [206, content.slice(90)]);
  assert.equal(part.headers.get("content-range"), "bytes 90-99/100");
  assert.equal(it.bridge.asked.at(-1)?.headers["if-range"], '"x"');
  const none = await it.ask("a/recordings/a.100", { Range: "bytes=100-" });
  assert.deepEqual([none.status, none.headers.get("content-range")], [416, "bytes */100"]);
});

test("another printer's file, and what is not there, are not found", { timeout }, async () => {
  await using it = await start();
  for (const path of ["b/recordings/a.100", "a/recordings/..%2f..%2fmetrics", "a/recordings/x"]) {
    const response = await it.ask(path);
    assert.equal(response.status, 404, path);
    await response.text();
  }
  assert.ok(it.bridge.asked.every(({ url }) => url.startsWith("/api/v1/recordings/")));
});

test(
  "they ask for what the camera asks for, and the bridge is shown the gateway's key alone",
  { timeout },
  async () => {
    await using it = await start(closed);
    for (const path of ["a/recordings", "a/timelapses/a.100"]) {
      const response = await it.ask(path);
      assert.deepEqual([response.status, response.headers.get("www-authenticate")?.slice(0, 5)], [401, "Basic"]);
      await response.text();
    }
    assert.equal(it.bridge.asked.length, 0);
    const response = await it.ask(`a/recordings/a.100?token=${token}`);
    assert.deepEqual([response.status, await response.text()], [200, content]);
    assert.equal((await it.ask("b/recordings", { Authorization: `Bearer ${token}` })).status, 403);
    assert.deepEqual(
      it.bridge.asked.map(({ url, headers }) => [url, headers.authorization]),
      [["/api/v1/recordings/a.100?printer=a", "Bearer the-inner-key"]],
    );
  },
);

test("a client that does not read holds the bridge up, and one that leaves ends it", { timeout }, async () => {
  await using it = await start();
  let sentBytes = 0;
  const ended = Promise.withResolvers<void>();
  const paused = Promise.withResolvers<void>();
  it.bridge.onFile = (response) => {
    const chunk = Buffer.alloc(65_536);
    const send = (): void => {
      if (response.destroyed) return;
      sentBytes += chunk.length;
      if (response.write(chunk)) setImmediate(send);
      else void Promise.race([once(response, "drain"), wait(1000).then(() => paused.resolve())]).then(send);
    };
    response.once("close", () => ended.resolve());
    send();
  };
  const leaving = new AbortController();
  const response = await it.ask("a/recordings/a.100");
  const reader = response.body?.getReader();
  leaving.signal.addEventListener("abort", () => void reader?.cancel());
  await reader?.read();
  await paused.promise;
  // What sockets on two connections hold, and not what an endless file has.
  assert.ok(sentBytes < 64e6, `${sentBytes} bytes`);
  leaving.abort();
  await ended.promise;
});

test("a bridge that is not there is told of in words", { timeout }, async () => {
  const gone = await TestBridge.start();
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  await using gateway = await startTestGateway(new FakeFleet(fakePrinter("a")), {
    bridge: { url, key: () => undefined },
  });
  for (const path of ["recordings", "timelapses/a.100"]) {
    const response = await fetch(`${gateway.url}/api/v1/printers/a/${path}`);
    assert.equal(response.status, 503);
    assert.match(await response.text(), /is it running, and is GANTRY_BRIDGE_URL right\?/u);
  }
});
