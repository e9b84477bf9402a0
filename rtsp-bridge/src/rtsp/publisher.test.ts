import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, type Clock } from "@gantry/platform/clock";
import { publish, type PublisherOptions } from "./publisher.ts";
import { StandInServer } from "./stand-in-server.ts";

const parameterSets = { sps: Buffer.from("674d4016da", "hex"), pps: Buffer.from("68ee3c80", "hex") };
const limit = { timeout: 30_000 };
const key = { units: [Buffer.from("65aabb", "hex")], stampMs: 0, key: true };
const other = { units: [Buffer.from("41cc", "hex")], stampMs: 66, key: false };

function options(url: string, signal: AbortSignal, more: Partial<PublisherOptions> = {}): PublisherOptions {
  return { url, name: "test", parameterSets, clock: systemClock, signal, onKeyNeeded: () => undefined, ...more };
}

/** A clock that can be pushed ahead, and whose waits last what `realMs` makes of them. */
function pushedClock(realMs: (ms: number) => number): Clock & { aheadMs: number } {
  return {
    aheadMs: 0,
    now: () => systemClock.now(),
    monotonic() {
      return systemClock.monotonic() + this.aheadMs;
    },
    wait: async (ms, signal) => systemClock.wait(realMs(ms), signal),
  };
}

test("a session is announced, recorded and torn down, with its id in every later request", limit, async () => {
  await using server = await StandInServer.start();
  const stop = new AbortController();
  const publisher = await publish(options(`${server.url}/cc1`, stop.signal));
  assert.ok(publisher.send(key, 1000) > 0);
  assert.ok(publisher.send(other, 1066) > 0);
  await server.until(() => server.units.length === 2);
  stop.abort();
  await publisher.closed;
  await server.until(() => server.connections === 0);
  assert.deepEqual(
    server.requests.map(({ method, url }) => `${method} ${url.slice(server.url.length)}`),
    ["OPTIONS /cc1", "ANNOUNCE /cc1", "SETUP /cc1/trackID=0", "RECORD /cc1", "TEARDOWN /cc1"],
  );
  assert.ok(server.requests.slice(3).every(({ text }) => text.includes("\r\nSession: 1\r\n")));
  assert.match(server.descriptions[0] ?? "", /sprop-parameter-sets=/u);
  assert.deepEqual(server.faults, []);
  assert.deepEqual(
    server.units.map(({ types }) => types),
    [[7, 8, 5], [1]],
  );
  assert.equal(publisher.send(key, 2000), 0);
});

test("credentials of the address are given when asked for, and never stand in a request line", limit, async () => {
  await using server = await StandInServer.start({ credentials: { username: "gantry", password: "p@ss:w" } });
  const stop = new AbortController();
  const url = server.url.replace("rtsp://", "rtsp://gantry:p%40ss%3Aw@");
  const publisher = await publish(options(`${url}/cc1`, stop.signal));
  stop.abort();
  await publisher.closed;
  assert.ok(server.requests.every(({ url: line }) => !line.includes("gantry")));
});

test("wrong or missing credentials are one refusal, not a loop", limit, async () => {
  await using server = await StandInServer.start({ credentials: { username: "gantry", password: "right" } });
  const { signal } = new AbortController();
  for (const user of ["", "gantry:wrong@"]) {
    const before = server.requests.length;
    await assert.rejects(publish(options(`${server.url.replace("//", `//${user}`)}/cc1`, signal)), /401/u);
    assert.ok(server.requests.length - before <= 2);
  }
  await server.until(() => server.connections === 0);
});

test("a refusal names the request and the status", limit, async () => {
  await using server = await StandInServer.start({ answers: { ANNOUNCE: "400 Bad Request" } });
  await assert.rejects(
    publish(options(`${server.url}/cc1`, new AbortController().signal)),
    /refused ANNOUNCE: 400 Bad Request/u,
  );
  await server.until(() => server.connections === 0);
});

test("a server that is not there is told in words", limit, async () => {
  const server = await StandInServer.start();
  const { url } = server;
  await server[Symbol.asyncDispose]();
  await assert.rejects(publish(options(`${url}/cc1`, new AbortController().signal)), /cannot be reached/u);
});

test("an abort during the handshake ends it with the signal's reason", limit, async () => {
  await using server = await StandInServer.start({ silentOn: ["RECORD"] });
  const stop = new AbortController();
  const attempt = publish(options(`${server.url}/cc1`, stop.signal));
  await server.until(() => server.requests.some(({ method }) => method === "RECORD"));
  stop.abort(new Error("enough"));
  await assert.rejects(attempt, /enough/u);
  await server.until(() => server.connections === 0);
  await assert.rejects(publish(options(`${server.url}/cc1`, stop.signal)), /enough/u);
});

test("a session that the server cuts is closed with a reason", limit, async () => {
  await using server = await StandInServer.start();
  const publisher = await publish(options(`${server.url}/cc1`, new AbortController().signal));
  server.cut();
  assert.match(await publisher.closed, /RTSP server/u);
  assert.equal(publisher.send(key, 1), 0);
});

test("while the server stands still pictures are left out, and begin again with a key picture", limit, async () => {
  await using server = await StandInServer.start();
  const clock = pushedClock((ms) => (ms === 1000 ? 10 : ms));
  const stop = new AbortController();
  const asked: true[] = [];
  const publisher = await publish(
    options(`${server.url}/cc1`, stop.signal, { clock, onKeyNeeded: () => void asked.push(true) }),
  );
  assert.ok(publisher.send(key, 1) > 0);
  server.stand();
  while (publisher.send(other, 2) > 0) {
    clock.aheadMs += 500;
    await sleep(20);
  }
  assert.equal(publisher.send(key, 3), 0);
  assert.equal(asked.length, 0);
  server.goOn();
  while (asked.length === 0) {
    assert.equal(publisher.send(other, 4), 0);
    await sleep(20);
  }
  assert.ok(publisher.send(key, 5) > 0);
  assert.ok(publisher.send(other, 6) > 0);
  stop.abort();
  await publisher.closed;
});

test("a server that stands still for good loses the session", limit, async () => {
  await using server = await StandInServer.start();
  const clock = pushedClock((ms) => (ms === 1000 || ms === 10_000 ? ms / 20 : ms));
  const publisher = await publish(options(`${server.url}/cc1`, new AbortController().signal, { clock }));
  server.stand();
  assert.match(await publisher.closed, /did not answer OPTIONS/u);
});
