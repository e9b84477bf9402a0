// Against the real MediaMTX, where there is one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { bench, probe, skip } from "./test-bench.ts";

/** MediaMTX's process id: the one whose command line names this configuration and which is no shell. */
async function serverPid(configFile: string): Promise<number> {
  const list = spawn("ps", ["-eo", "pid=,args="], { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  list.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(list, "close");
  const line = text.split("\n").find((entry) => entry.includes(configFile) && !/^\s*\d+ sh -c/.test(entry));
  return Number(/\d+/.exec(line ?? "")?.[0]);
}

void test("a viewer's request demands the stream, its leaving ends it", { skip, timeout: 90_000 }, async (context) => {
  const { streams, rtsp } = await bench(context);
  const { code, text } = await probe(`${rtsp}/cc1`);
  assert.equal(code, 0, text);
  assert.match(text, /h264/);
  await streams.hears("joined cc1");
  await streams.hears("released cc1");
  const order = ["demanded cc1", "joined cc1", "released cc1"].map((line) => streams.told.indexOf(line));
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
});

void test(
  "a path that is not listed is refused to viewers and publishers",
  { skip, timeout: 60_000 },
  async (context) => {
    const { streams, rtsp } = await bench(context);
    const { code, text } = await probe(`${rtsp}/stranger`);
    assert.notEqual(code, 0);
    assert.match(text, /400/);
    assert.equal(streams.told.includes("demanded stranger"), false);
    const [published] = (await once(streams.publish("stranger"), "exit")) as [number | null];
    assert.notEqual(published, 0);
    assert.notEqual(published, null);
  },
);

void test(
  "viewers of a refused stream are answered, and the next one is served",
  { skip, timeout: 90_000 },
  async (context) => {
    const { streams, rtsp } = await bench(context);
    streams.isFull = true;
    const refused = await Promise.all([probe(`${rtsp}/cc1`), probe(`${rtsp}/cc1`)]);
    for (const { code, text } of refused) {
      assert.notEqual(code, 0);
      assert.match(text, /400/);
    }
    streams.isFull = false;
    const served = await probe(`${rtsp}/cc1`);
    assert.equal(served.code, 0, served.text);
  },
);

void test("a path that was taken away is refused from then on", { skip, timeout: 60_000 }, async (context) => {
  const { mediamtx, rtsp } = await bench(context);
  await mediamtx.setPaths([], 1500);
  assert.match((await probe(`${rtsp}/cc1`)).text, /400/);
});

void test("after kill -9 it is back with its paths", { skip, timeout: 90_000 }, async (context) => {
  const { mediamtx, streams, rtsp, configFile } = await bench(context);
  const pid = await serverPid(configFile);
  streams.told.length = 0;
  process.kill(pid, "SIGKILL");
  await streams.hears("down");
  await streams.hears("up");
  assert.equal(mediamtx.restarts, 1);
  assert.notEqual(await serverPid(configFile), pid);
  assert.equal((await probe(`${rtsp}/cc1`)).code, 0);
});

void test(
  "the control API is closed without the password of the bridge",
  { skip, timeout: 30_000 },
  async (context) => {
    const { configFile } = await bench(context);
    const { apiAddress } = JSON.parse((await readFile(configFile, "utf8")).replace(/^#.*/, "")) as {
      apiAddress: string;
    };
    const body = JSON.stringify({ source: "publisher", runOnInit: "true" });
    const answer = await fetch(`http://${apiAddress}/v3/config/paths/replace/x`, { method: "POST", body });
    assert.equal(answer.status, 401);
  },
);
