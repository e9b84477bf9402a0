// Everything that can break behind a viewer's back breaks, one after the other; each recovers by itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { descendants, encoders } from "./harness/processes.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

test("a watching player survives what breaks behind it", { timeout: 280_000 }, async (t) => {
  await using stack = await Stack.start({ bridge: true });
  await using viewer = stack.watch("cc1");
  await viewer.showsLive(3);

  await t.test("the encoder is killed: the session goes on with a new one", async () => {
    const [encoder] = await encoders(stack.bridge.pid);
    assert.ok(encoder !== undefined);
    process.kill(encoder, "SIGKILL");
    await viewer.showsLive(3, Date.now());
    const running = await encoders(stack.bridge.pid);
    assert.equal(running.length, 1);
    assert.notEqual(running[0], encoder);
    assert.ok(Number((await stack.stream("cc1"))["restarts"]) >= 1);
  });

  await t.test("the encoder hangs: the session goes on with a new one", async () => {
    const [encoder] = await encoders(stack.bridge.pid);
    assert.ok(encoder !== undefined);
    process.kill(encoder, "SIGSTOP");
    await viewer.showsLive(3, Date.now() + 1000);
    assert.ok(!(await encoders(stack.bridge.pid)).includes(encoder));
  });

  await t.test("the camera stalls: its last picture is held, then a live one comes", async () => {
    await stack.fault("cc1", "camera-stall");
    await until("the stream holds", async () => (await stack.stream("cc1"))["state"] === "holding");
    const held = viewer.seen.length;
    await wait(3000);
    assert.ok(viewer.seen.length > held, "no picture while the camera stalls");
    await stack.fault("cc1", "camera-stall", { clear: true });
    await viewer.showsLive(3, Date.now(), 60_000);
  });

  await t.test("the printer drops its sockets: the state comes back, the picture never went", async () => {
    await stack.fault("cc1", "drop-sockets");
    await until("the printer is connected", async () => (await stack.get("/api/v1/printers/cc1/state"))["connected"]);
    await viewer.showsLive(3, Date.now());
  });

  await t.test("the gateway is restarted: the same session shows live pictures again", async () => {
    await stack.gateway.stop();
    await stack.startGateway();
    await viewer.showsLive(3, Date.now(), 60_000);
  });

  await t.test("every picture of all this came in one session, without going back in time", () => {
    assert.equal(viewer.ended, false);
    const times = viewer.live.map(({ capturedAtMs }) => capturedAtMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });
});

test("MediaMTX is killed under a viewer: a new session finds the stream again", { timeout: 120_000 }, async () => {
  await using stack = await Stack.start({ bridge: true });
  await using viewer = stack.watch("cc1");
  await viewer.showsLive(1);
  const server = (await descendants(stack.bridge.pid)).find(({ command }) => command === "mediamtx");
  assert.ok(server !== undefined);
  process.kill(server.pid, "SIGKILL");
  await until("the old session ended", () => viewer.ended);
  await until("MediaMTX runs again", async () =>
    (await descendants(stack.bridge.pid)).some(({ command, pid }) => command === "mediamtx" && pid !== server.pid),
  );
  await until("the bridge is ready", async () => (await fetch(`${stack.bridgeUrl}/readyz`)).ok);
  await using again = stack.watch("cc1");
  await again.showsLive(3, Date.now());
});

test(
  "a viewer who comes while the camera is away gets a picture, and the live one when it is back",
  { timeout: 120_000 },
  async () => {
    await using stack = await Stack.start({ bridge: true });
    await stack.fault("cc1", "camera-refuse");
    await using viewer = stack.watch("cc1");
    await until("a picture that is not the camera's", () => viewer.seen.some(({ code }) => code === undefined));
    const { state, reason } = await stack.stream("cc1");
    assert.equal(state, "placeholder");
    assert.equal(typeof reason, "string");
    await stack.fault("cc1", "camera-refuse", { clear: true });
    await viewer.showsLive(3, 0, 60_000);
  },
);
