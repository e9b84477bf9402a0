// Cameras of Bambu printers through the whole stack: pictures of a P1S that the bridge encodes, video of
// an H2D that it hands through, and one connection to each camera whoever looks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encoders } from "./harness/processes.ts";
import { RestPrinter } from "./harness/rest-printer.ts";
import { Stack, type PrinterOptions } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

function printing(model: string): PrinterOptions {
  return { family: "bambu", scenario: "printing", speed: 5, settings: { model } };
}

interface Viewers {
  readonly current: number;
  readonly peak: number;
}

function viewers(stack: Stack, id: string): Viewers {
  const { camera, rtsps } = stack.printer(id).control.counters() as Record<string, { viewers: Viewers } | undefined>;
  const found = (camera ?? rtsps)?.viewers;
  assert.ok(found !== undefined, JSON.stringify(stack.printer(id).control.counters()));
  return found;
}

async function demandPicture(printer: RestPrinter): Promise<void> {
  const picture = await printer.request("GET", "/snapshot.jpg");
  assert.equal(picture.status, 200, picture.ok ? "" : await picture.text());
  assert.deepEqual([...(await picture.bytes()).subarray(0, 2)], [0xff, 0xd8]);
}

test("cameras of a P1S and an H2D from wire to viewer", { timeout: 280_000 }, async (t) => {
  await using stack = await Stack.start({
    bridge: true,
    linger: "3s",
    printers: { p1s: printing("p1s"), h2d: printing("h2d") },
    inventory: { gateway: { camera_grace: "1s" } },
  });
  const [p1s, h2d] = [new RestPrinter(stack, "p1s"), new RestPrinter(stack, "h2d")];
  await Promise.all([p1s.connected(), h2d.connected()]);

  await t.test("a P1S's pictures become a snapshot, MJPEG and H.264, over one connection", async () => {
    await using viewer = stack.watch("p1s");
    await viewer.showsLive(3, 0, 90_000);
    const web = new AbortController();
    const mjpeg = await fetch(`${stack.gatewayUrl}/api/v1/printers/p1s/camera.mjpeg`, { signal: web.signal });
    assert.match(mjpeg.headers.get("content-type") ?? "", /^multipart\/x-mixed-replace/u);
    await demandPicture(p1s);
    assert.deepEqual(viewers(stack, "p1s"), { ...viewers(stack, "p1s"), current: 1, peak: 1 });
    web.abort();
  });

  await t.test("an H2D's own video is handed through, not encoded, over one connection", async () => {
    await until("the encoder of before ended", async () => (await encoders(stack.bridge.pid)).length === 0);
    await using viewer = stack.watch("h2d");
    await viewer.showsLive(10, 0, 90_000);
    assert.deepEqual(await encoders(stack.bridge.pid), []);
    await demandPicture(h2d);
    assert.deepEqual(viewers(stack, "h2d"), { ...viewers(stack, "h2d"), current: 1, peak: 1 });
    assert.equal((await stack.stream("h2d"))["state"], "live");
  });

  await t.test("nobody looks: both cameras are free", async () => {
    await until("they are", () => viewers(stack, "p1s").current + viewers(stack, "h2d").current === 0, 60_000);
  });

  await t.test("video that is switched off at the printer says what to switch on, and comes back", async () => {
    await stack.fault("h2d", "liveview-off");
    const off = await h2d.request("GET", "/snapshot.jpg");
    assert.equal(off.status, 503);
    assert.match(await off.text(), /LAN Only Liveview/u);
    await stack.fault("h2d", "liveview-off", { clear: true });
    await until("a picture comes", async () => (await h2d.request("GET", "/snapshot.jpg")).ok, 90_000);
  });

  await t.test("no access code is in what gateway and bridge said", () => {
    const code = stack.printer("h2d").facts["access_code"] ?? "";
    assert.ok(code.length === 8);
    for (const line of [...stack.gateway.lines, ...stack.bridge.lines]) assert.ok(!line.includes(code), line);
  });
});
