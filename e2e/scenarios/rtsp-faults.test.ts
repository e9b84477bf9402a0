// The fault matrix of the bridge: whatever a camera does, the viewer's one session goes on without a
// complaint, and nothing is left of it afterwards. What kills processes is recovery.test.ts.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { descendants, encoders } from "./harness/processes.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

interface Trouble {
  readonly name: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** How long it lasts, ms. */
  readonly lastsMs: number;
}

const troubles: readonly Trouble[] = [
  { name: "stall", lastsMs: 4000 },
  { name: "close", lastsMs: 0 },
  { name: "half-frame", lastsMs: 0 },
  { name: "garbage", lastsMs: 3000 },
  { name: "refuse", lastsMs: 3000 },
  { name: "no-content-length", lastsMs: 3000 },
  { name: "size-change", parameters: { width: 480, height: 270 }, lastsMs: 3000 },
  { name: "size-change", parameters: { width: 1280, height: 720 }, lastsMs: 3000 },
  { name: "rate-change", parameters: { fps: 30 }, lastsMs: 3000 },
  { name: "rate-change", parameters: { fps: 0.1 }, lastsMs: 4000 },
];

async function start(): Promise<Stack> {
  return Stack.start({
    bridge: true,
    printers: { door: { family: "camera", settings: { size: "640x360" } } },
    inventory: { gateway: { camera_grace: "1s" } },
  });
}

/** Connections to the camera that are open now. */
function cameraConnections(stack: Stack): number {
  return (stack.printer("door").control.counters()["camera"] as { current: number }).current;
}

async function nothingIsLeft(stack: Stack): Promise<void> {
  await until("no encoder is left", async () => (await encoders(stack.bridge.pid)).length === 0);
  await until("the camera is free", () => cameraConnections(stack) === 0);
}

test("a viewer's session goes on through everything that a camera does", { timeout: 280_000 }, async (t) => {
  await using stack = await start();
  {
    await using viewer = stack.watch("door");
    await viewer.showsLive(5);
    for (const { name, parameters = {}, lastsMs } of troubles) {
      const words = Object.values(parameters).join("×");
      await t.test(words === "" ? name : `${name} ${words}`, async () => {
        await stack.fault("door", name, parameters);
        await wait(lastsMs);
        if (lastsMs > 0) await stack.fault("door", name, { clear: true });
        await viewer.showsLive(3, Date.now());
        assert.equal(cameraConnections(stack), 1);
        assert.equal((await encoders(stack.bridge.pid)).length, 1);
      });
    }
    const numbers = viewer.live.map(({ frameNumber }) => frameNumber);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
    assert.equal(viewer.errors, "");
  }
  await nothingIsLeft(stack);
});

/** Resident memory of a process, bytes. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/u.exec(status)?.[1]) * 1024;
}

/** A viewer that asks for the stream and goes: DESCRIBE, which starts it, and a cut. */
async function glance(url: URL): Promise<void> {
  const socket = connect(Number(url.port), url.hostname);
  try {
    await once(socket, "connect");
    socket.write(`DESCRIBE ${url.href} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`);
    const [answer] = (await once(socket, "data", { signal: AbortSignal.timeout(20_000) })) as [Buffer];
    assert.match(answer.toString(), /^RTSP\/1\.0 200/u);
  } finally {
    socket.destroy();
  }
}

test(
  "hundreds of viewers that come and go leave neither process, connection nor memory",
  { timeout: 280_000 },
  async () => {
    await using stack = await start();
    const url = new URL(`${stack.rtspUrl}/door`);
    const pids = async (): Promise<number[]> => [
      stack.bridge.pid,
      ...(await descendants(stack.bridge.pid)).filter(({ command }) => command === "mediamtx").map(({ pid }) => pid),
    ];
    const memory = async (): Promise<number> => {
      const sizes = await Promise.all((await pids()).map(async (pid) => residentBytes(pid)));
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    const glances = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 1) await glance(url);
      await nothingIsLeft(stack);
    };
    // What grows once, pools and compiled code, has grown by then.
    await glances(100);
    const before = await memory();
    await glances(200);
    const between = await memory();
    await glances(200);
    const after = await memory();
    const grown = after - Math.max(before, between);
    assert.ok(grown < 16 * 1024 * 1024, `${Math.round(grown / 1024)} KiB more after 200 further viewers`);
    await using viewer = stack.watch("door");
    await viewer.showsLive(3);
  },
);

test("ten cameras are shown at once by one bridge on one port", { timeout: 240_000 }, async () => {
  const ids = Array.from({ length: 10 }, (_, index) => `camera${index}`);
  const settings = { size: "320x180" };
  await using stack = await Stack.start({
    bridge: true,
    printers: Object.fromEntries(ids.map((id) => [id, { family: "camera", settings }])),
  });
  await using viewers = new AsyncDisposableStack();
  const watching = ids.map((id) => viewers.use(stack.watch(id)));
  await Promise.all(watching.map(async (viewer) => viewer.showsLive(5, 0, 120_000)));
  const now = Date.now();
  await Promise.all(watching.map(async (viewer) => viewer.showsLive(3, now)));
  assert.equal((await encoders(stack.bridge.pid)).length, ids.length);
  assert.deepEqual(new Set(watching.map(({ errors }) => errors)), new Set([""]));
});
