// The first path through everything: a simulated printer's camera, watched as H.264 over RTSP.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { encoders } from "./harness/processes.ts";
import { Stack } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const run = promisify(execFile);

interface CameraCount {
  readonly current: number;
  readonly peak: number;
}

function camera(stack: Stack): CameraCount {
  return stack.printer("cc1").control.counters()["camera"] as CameraCount;
}

test(
  "a camera is H.264 over RTSP for whoever watches, and nothing runs for nobody",
  { timeout: 240_000 },
  async (t) => {
    await using stack = await Stack.start({ bridge: true });
    const url = `${stack.rtspUrl}/cc1`;

    await t.test("nobody watches: no encoder, no camera connection", async () => {
      await wait(1000);
      assert.deepEqual(await encoders(stack.bridge.pid), []);
      assert.equal(camera(stack).current, 0);
      assert.equal((await stack.stream("cc1"))["state"], "idle");
    });

    await t.test("ffprobe sees H.264 that every player takes", async () => {
      const args = ["-v", "error", "-rtsp_transport", "tcp", "-show_streams", "-of", "json", url];
      const { streams } = JSON.parse((await run("ffprobe", args, { timeout: 60_000 })).stdout) as {
        streams: Record<string, unknown>[];
      };
      assert.equal(streams.length, 1);
      const [video] = streams;
      assert.equal(video?.["codec_name"], "h264");
      assert.equal(video["pix_fmt"], "yuv420p");
      assert.equal(video["has_b_frames"], 0);
    });

    await t.test("ten seconds decode without an error, each picture newer than the one before", async () => {
      await using viewer = stack.watch("cc1");
      await viewer.showsLive(1);
      await wait(10_000);
      const numbers = viewer.live.map(({ frameNumber }) => frameNumber);
      assert.ok(numbers.length >= 20, `only ${numbers.length} pictures`);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
      assert.ok(new Set(numbers).size > 20);
      assert.equal(viewer.errors, "");
    });

    await t.test("RTSP viewers, a web viewer and snapshots share one camera connection", async () => {
      await using first = stack.watch("cc1");
      await using second = stack.watch("cc1");
      const web = new AbortController();
      const mjpeg = await fetch(`${stack.gatewayUrl}/api/v1/printers/cc1/camera.mjpeg`, { signal: web.signal });
      await Promise.all([first.showsLive(5), second.showsLive(5)]);
      const snapshot = await fetch(`${stack.gatewayUrl}/api/v1/printers/cc1/snapshot.jpg`);
      assert.equal(snapshot.status, 200);
      assert.match(mjpeg.headers.get("content-type") ?? "", /^multipart\/x-mixed-replace/u);
      assert.deepEqual([camera(stack).current, camera(stack).peak], [1, 1]);
      assert.equal((await encoders(stack.bridge.pid)).length, 1);
      assert.equal((await stack.stream("cc1"))["state"], "live");
      web.abort();
    });

    await t.test("after the linger the encoder is gone, and after the grace the camera is free", async () => {
      await until("no encoder runs", async () => (await encoders(stack.bridge.pid)).length === 0);
      assert.equal((await stack.stream("cc1"))["state"], "idle");
      await until("the camera is free", () => camera(stack).current === 0, 60_000);
    });

    await t.test("a path that no camera has is refused", async () => {
      const args = ["-v", "error", "-rtsp_transport", "tcp", `${stack.rtspUrl}/nobody`];
      await assert.rejects(run("ffprobe", args, { timeout: 60_000 }), /40[04]/u);
    });

    await t.test(
      "publishing is the bridge's alone where credentials say so: a stranger's path is refused",
      async () => {
        const input = ["-v", "error", "-f", "lavfi", "-i", "testsrc=d=1", "-c:v", "libx264"];
        const output = ["-f", "rtsp", "-rtsp_transport", "tcp", `${stack.rtspUrl}/stranger`];
        await assert.rejects(run("ffmpeg", [...input, ...output], { timeout: 60_000 }));
      },
    );
  },
);
