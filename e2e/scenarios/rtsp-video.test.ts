// A camera that sends its own H.264, from its wire to every kind of viewer: nothing encoded, one connection,
// and what becomes of it when the camera is away, or refuses.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { descendants, encoders } from "./harness/processes.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";
import { password, VideoCamera } from "./harness/video-camera.ts";
import { Viewer } from "./harness/viewer.ts";

const run = promisify(execFile);

/** MD5 of each coded picture, as it comes out of an RTSP session. */
async function coded(url: string, seconds: number): Promise<string[]> {
  const args = [
    "-v",
    "error",
    "-rtsp_transport",
    "tcp",
    "-i",
    url,
    "-t",
    String(seconds),
    "-c",
    "copy",
    "-f",
    "framemd5",
    "-",
  ];
  const { stdout } = await run("ffmpeg", args, { timeout: 60_000 });
  return stdout.split("\n").flatMap((line) => (line.startsWith("0,") ? [line.split(",")[5]?.trim() ?? ""] : []));
}

/** Wrong passwords that the camera has seen. */
function failures({ log }: VideoCamera): number {
  return log.split("failed to authenticate").length - 1;
}

test("a camera's own H.264 is handed through", { timeout: 300_000 }, async (t) => {
  await using camera = await VideoCamera.start();
  const wrong = camera.url.replace(password, "wrong-Password");
  const { secureUrl, certificateSha256 } = camera;
  await using stack = await Stack.start({
    bridge: true,
    linger: "3s",
    printers: { cc1: {} },
    entries: [
      { id: "door", family: "camera", camera: { url: camera.url } },
      { id: "safe", family: "camera", camera: { url: secureUrl, certificate_sha256: certificateSha256 } },
      { id: "fake", family: "camera", camera: { url: secureUrl, certificate_sha256: "ab".repeat(32) } },
      { id: "lost", family: "camera", camera: { url: wrong } },
    ],
    inventory: { gateway: { camera_grace: "1s" } },
  });
  const snapshot = async (id: string): Promise<Response> =>
    fetch(`${stack.gatewayUrl}/api/v1/printers/${id}/snapshot.jpg`);

  await t.test("an RTSP viewer gets the camera's coded pictures, byte for byte, and none is encoded", async () => {
    const [own, through] = await Promise.all([coded(camera.url, 9), coded(`${stack.rtspUrl}/door`, 4)]);
    assert.ok(through.length >= 45, `only ${through.length} pictures`);
    const known = new Set(own);
    const foreign = through.filter((hash) => !known.has(hash));
    assert.deepEqual(foreign, [], `${foreign.length} of ${through.length} pictures are not the camera's`);
    assert.deepEqual(await encoders(stack.bridge.pid), []);
  });

  await t.test("viewers, web viewers and snapshots share one connection to the camera", async () => {
    await using viewer = stack.watch("door");
    await until("the viewer sees pictures", () => viewer.seen.length > 10);
    const web = new AbortController();
    const mjpeg = await fetch(`${stack.gatewayUrl}/api/v1/printers/door/camera.mjpeg`, { signal: web.signal });
    const picture = await snapshot("door");
    assert.equal(picture.status, 200, await picture.clone().text());
    assert.deepEqual([...(await picture.bytes()).subarray(0, 2)], [0xff, 0xd8]);
    assert.equal(mjpeg.status, 200);
    assert.equal(await camera.viewers(), 1);
    const stream = await stack.stream("door");
    assert.equal(stream["state"], "live");
    assert.deepEqual([stream["width"], stream["height"]], [640, 360]);
    assert.ok(Number(stream["framesPerSecond"]) > 8 && Number(stream["bitsPerSecond"]) > 0, JSON.stringify(stream));
    assert.equal(viewer.errors, "");
    web.abort();
  });

  await t.test("nobody looks: the camera is free and nothing runs", async () => {
    await until("the camera is free", async () => (await camera.viewers()) === 0);
    await until("no decoder runs", async () => (await encoders(stack.bridge.pid)).length === 0);
    assert.equal((await stack.stream("door"))["state"], "idle");
  });

  await t.test("with TLS the certificate that was named is taken, and no other", async () => {
    assert.ok((await coded(`${stack.rtspUrl}/safe`, 2)).length > 20);
    const refused = await snapshot("fake");
    assert.equal(refused.status, 503);
    const { detail } = (await refused.json()) as { detail: string };
    assert.match(detail, new RegExp(`another certificate .*${certificateSha256}`, "u"));
  });

  await t.test("an interrupted camera is held and goes on in the same session", async () => {
    await using viewer = stack.watch("door");
    await until("the viewer sees pictures", () => viewer.seen.length > 10);
    await camera.switchOff();
    await until("it is held", async () => (await stack.stream("door"))["state"] === "holding");
    const before = viewer.seen.length;
    await until("the last picture is repeated", () => viewer.seen.length > before + 1);
    await camera.switchOn();
    await until("it is live again", async () => (await stack.stream("door"))["state"] === "live");
    const after = viewer.seen.length;
    await until("the viewer sees more", () => viewer.seen.length > after + 20);
    assert.equal(viewer.ended, false);
  });

  await t.test("a camera that is away is a slate with the reason, and shows itself when it is back", async () => {
    await until("the stream is idle", async () => (await stack.stream("door"))["state"] === "idle");
    await camera.switchOff();
    {
      await using viewer = new Viewer(`${stack.rtspUrl}/door`);
      await until("the slate is shown", () => viewer.seen.length > 0);
      await until("the reason is told", async () => {
        const { state, reason } = await stack.stream("door");
        return state === "placeholder" && /camera cannot be reached/u.test(String(reason));
      });
      const missing = await snapshot("door");
      assert.equal(missing.status, 503);
      await camera.switchOn();
      await until("the camera is live", async () => (await stack.stream("door"))["state"] === "live");
    }
    assert.ok((await coded(`${stack.rtspUrl}/door`, 2)).length > 20);
  });

  await t.test("a wrong password is told and not tried again and again", async () => {
    const before = failures(camera);
    const refused = await snapshot("lost");
    assert.equal(refused.status, 503);
    assert.match(((await refused.json()) as { detail: string }).detail, /refuses the username or the password/u);
    await using viewer = stack.watch("lost");
    await until("the slate is shown", () => viewer.seen.length > 0);
    await wait(5000);
    assert.equal((await stack.stream("lost"))["state"], "placeholder");
    assert.ok(failures(camera) - before <= 2, `${failures(camera) - before} tries`);
  });

  await t.test("without the bridge a picture is refused with the reason", async () => {
    await stack.bridge.stop();
    const refused = await snapshot("safe");
    assert.equal(refused.status, 503);
    assert.match(((await refused.json()) as { detail: string }).detail, /RTSP bridge, .* cannot be reached/u);
    await stack.startBridge();
    assert.equal(
      (
        await until("a picture", async () => {
          const got = await snapshot("safe");
          return got.ok && got;
        })
      ).status,
      200,
    );
  });

  await t.test("no password is in a log, a status, a metric or a command line", async () => {
    const viewer = stack.watch("door");
    await until("the viewer sees pictures", () => viewer.seen.length > 0);
    const texts = await Promise.all(
      [
        `${stack.bridgeUrl}/api/v1/streams`,
        `${stack.bridgeUrl}/metrics`,
        `${stack.gatewayUrl}/metrics`,
        `${stack.gatewayUrl}/api/v1/printers`,
        `${stack.gatewayUrl}/api/v1/printers/door/camera`,
      ].map(async (url) => (await fetch(url)).text()),
    );
    const { pid } = stack.bridge;
    const pids = [pid, ...(await descendants(pid)).map((row) => row.pid)].join(",");
    const { stdout: commands } = await run("ps", ["-o", "args=", "-p", pids]);
    const all = [...texts, commands, ...stack.bridge.lines, ...stack.gateway.lines].join("\n");
    assert.doesNotMatch(all, /hunter2|wrong-Password/u);
    assert.match(String(texts[4]), /"kind":"video"/u);
    await viewer[Symbol.asyncDispose]();
  });
});
