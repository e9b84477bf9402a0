import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import type { InventoryStatus } from "@gantry/config";
import { systemClock } from "@gantry/platform/clock";
import { listen } from "@gantry/platform/http-server";
import { silentLog } from "@gantry/platform/log";
import type { StreamStatus } from "../streams/streams.ts";
import { createApp } from "./app.ts";
import { Visitors } from "./visitors.ts";
import { createMetrics } from "./metrics.ts";

const live: StreamStatus = {
  id: "cc1",
  state: "live",
  reason: null,
  viewers: 2,
  source: "http://gateway:8787/api/v1/printers/cc1/camera.mjpeg?viewer=rtsp",
  width: 1280,
  height: 720,
  framesPerSecond: 15,
  bitsPerSecond: 2_000_000,
  startSeconds: 0.12,
  restarts: 1,
  encoder: "x264",
};

const noShelf = { list: async () => [], remove: async () => undefined };
const shown = { ...live, recording: { active: false, reason: "nothing is printed" } };

interface Bench {
  readonly url: string;
  readonly streams: StreamStatus[];
  readonly reasons: string[];
  readonly status: { mediamtxUp: boolean; inventoryValid: boolean; remoteControl: boolean };
  /** What was asked of the streams. */
  readonly asked: string[];
}

async function bench(context: TestContext): Promise<Bench> {
  const streams = [live];
  const reasons: string[] = [];
  const asked: string[] = [];
  const status = { mediamtxUp: true, inventoryValid: true, remoteControl: true };
  const metrics = createMetrics({
    version: "0.1.0",
    revision: "abc",
    streams: () => streams,
    counters: () => ({
      framesIn: 9,
      framesDropped: 2,
      framesHeld: 3,
      framesOut: 10,
      bytesOut: 5000,
      encoderFallbacks: 0,
      refusals: 0,
    }),
    mediamtx: () => ({ up: status.mediamtxUp, restarts: 4 }),
    inventory: () => ({ valid: status.inventoryValid, loadedAtMs: 1_700_000_000_000 }) as InventoryStatus,
    kept: () => ({
      cameras: [
        { printer: "kept", isRecorded: true, recordedBytes: 700, recordedSegments: 2, timelapsePictures: 3 },
        { printer: "other", isRecorded: undefined, recordedBytes: 0, recordedSegments: 0, timelapsePictures: 0 },
      ],
      freeBytes: 9000,
      sizeBytes: 1700,
      films: { made: 5, failed: 1 },
    }),
    startsEveryMs: 1,
  });
  const app = createApp({
    frames: () => undefined,
    recording: (id) => (id === "cc1" ? { active: false, reason: "nothing is printed" } : null),
    library: {
      shelves: { recordings: noShelf, timelapses: noShelf },
      visitors: new Visitors({ access: () => null, clock: systemClock, log: silentLog }),
      mayDelete: () => false,
    },
    key: () => undefined,
    streams: () => streams,
    remote: {
      allowed: () => status.remoteControl,
      start: (id, seconds) => void asked.push(`start ${id} ${seconds}`),
      stop: async (id) => void asked.push(`stop ${id}`),
    },
    allowedHosts: () => ["gantry.example.com"],
    mediamtxUp: () => status.mediamtxUp,
    unready: () => reasons,
    metrics: async () => metrics.registry,
    log: silentLog,
  });
  const server = await listen(app, { host: "127.0.0.1", port: 0, graceMs: 0 });
  context.after(async () => {
    metrics[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });
  return { url: server.url, streams, reasons, status, asked };
}

async function get(url: string): Promise<{ status: number; type: string; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, type: response.headers.get("content-type") ?? "", body: await response.json() };
}

async function scrape(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

void test("health is about the process, and tells of MediaMTX", async (context) => {
  const { url, status } = await bench(context);
  assert.deepEqual((await get(`${url}/healthz`)).body, { status: "ok", mediamtx: "up" });
  status.mediamtxUp = false;
  const answer = await get(`${url}/healthz`);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, { status: "ok", mediamtx: "down" });
});

void test("readiness says what is missing", async (context) => {
  const { url, reasons } = await bench(context);
  assert.equal((await get(`${url}/readyz`)).status, 200);
  reasons.push("MediaMTX does not answer");
  const answer = await get(`${url}/readyz`);
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.body, { status: "not ready", reasons: ["MediaMTX does not answer"] });
});

void test("streams are listed, and each has an address of its own", async (context) => {
  const { url } = await bench(context);
  assert.deepEqual((await get(`${url}/api/v1/streams`)).body, { items: [shown] });
  assert.deepEqual((await get(`${url}/api/v1/streams/cc1`)).body, shown);
});

void test("an unknown stream is a problem that names it", async (context) => {
  const { url } = await bench(context);
  const { status, type, body } = await get(`${url}/api/v1/streams/nope`);
  assert.equal(status, 404);
  assert.match(type, /^application\/problem\+json/);
  assert.deepEqual(body, {
    type: "urn:gantry:problem:not-found",
    title: "Not found",
    status: 404,
    detail: 'There is no stream "nope".',
    code: "not_found",
    retryable: false,
    printer: "nope",
  });
});

void test("unknown and unreadable addresses are problems too", async (context) => {
  const { url } = await bench(context);
  assert.partialDeepStrictEqual((await get(`${url}/nope`)).body, { code: "not_found", status: 404 });
  assert.partialDeepStrictEqual((await get(`${url}/api/v1/streams/%ff`)).body, { code: "invalid_input", status: 400 });
});

async function ask(url: string, path: string, headers: Record<string, string> = {}, body = "", method = "POST") {
  return new Promise<{ status: number; code: string | undefined }>((resolve, reject) => {
    const asking = request(`${url}${path}`, { method, headers }, (response) => {
      text(response)
        .then((answer) => (JSON.parse(answer) as { code?: string }).code)
        .then((code) => resolve({ status: response.statusCode ?? 0, code }), reject);
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

void test("streams are started, for a time or without one, and stopped", async (context) => {
  const { url, asked } = await bench(context);
  assert.equal((await ask(url, "/api/v1/streams/cc1/start")).status, 202);
  assert.equal((await ask(url, "/api/v1/streams/cc1/start", {}, '{"seconds": 60}')).status, 202);
  assert.equal((await ask(url, "/api/v1/streams/cc1/stop")).status, 200);
  assert.deepEqual(asked, ["start cc1 undefined", "start cc1 60", "stop cc1"]);
});

void test("wrong ones are refused, and nothing is asked", async (context) => {
  const { url, asked } = await bench(context);
  for (const body of ['{"seconds": 0}', '{"seconds": 1.5}', '{"minutes": 1}', "[", "7", " ".repeat(2000)]) {
    assert.deepEqual(await ask(url, "/api/v1/streams/cc1/start", {}, body), { status: 400, code: "invalid_input" });
  }
  assert.equal((await ask(url, "/api/v1/streams/cc1/stop", {}, '{"seconds": 5}')).status, 400);
  assert.deepEqual(await ask(url, "/api/v1/streams/nope/start"), { status: 404, code: "not_found" });
  assert.equal((await ask(url, "/api/v1/streams/cc1/pause")).status, 404);
  assert.equal((await ask(url, "/api/v1/streams/cc1/start", {}, "", "GET")).status, 404);
  assert.deepEqual(asked, []);
});

void test("streams are not started where the inventory does not allow it, nor by a stranger's page", async (context) => {
  const { url, asked, status } = await bench(context);
  const path = "/api/v1/streams/cc1/start";
  assert.deepEqual(await ask(url, path, { Origin: "http://evil.example" }), { status: 403, code: "forbidden" });
  assert.deepEqual(await ask(url, path, { Host: "evil.example" }), { status: 403, code: "forbidden" });
  status.remoteControl = false;
  assert.deepEqual(await ask(url, path), { status: 403, code: "control_disabled" });
  assert.deepEqual(asked, []);
});

void test("the API is not read under a stranger's name; health and metrics are", async (context) => {
  const { url } = await bench(context);
  for (const [Host, path, expected] of [
    ["evil.example", "/api/v1/streams", 403],
    ["evil.example", "/healthz", 200],
    ["rtsp-bridge:8788", "/api/v1/streams", 200],
    ["Gantry.example.com", "/api/v1/streams", 200],
  ] as const) {
    assert.equal((await ask(url, path, { Host }, "", "GET")).status, expected, Host + path);
  }
});

void test("metrics say what the streams are doing", async (context) => {
  const { url } = await bench(context);
  const text = await scrape(url);
  for (const line of [
    'gantry_stream_active{printer="cc1"} 1',
    'gantry_stream_state{printer="cc1",state="live"} 1',
    'gantry_stream_state{printer="cc1",state="idle"} 0',
    'gantry_stream_viewers{printer="cc1"} 2',
    'gantry_stream_frames_total{printer="cc1",result="dropped"} 2',
    'gantry_stream_bytes_total{printer="cc1"} 5000',
    'gantry_stream_restarts_total{printer="cc1"} 1',
    'gantry_bridge_recording_active{printer="kept"} 1',
    'gantry_bridge_recorded_bytes_total{printer="kept"} 700',
    'gantry_bridge_recorded_segments_total{printer="kept"} 2',
    'gantry_bridge_timelapse_pictures_total{printer="kept"} 3',
    'gantry_bridge_timelapses_total{result="failed"} 1',
    "gantry_bridge_recordings_size_bytes 1700",
    "gantry_bridge_disk_free_bytes 9000",
    "gantry_mediamtx_up 1",
    "gantry_mediamtx_restarts_total 4",
    "gantry_config_last_reload_successful 1",
    "gantry_config_last_reload_success_timestamp_seconds 1700000000",
  ]) {
    assert.ok(text.includes(`\n${line}\n`), line);
  }
});

void test("totals are the same at the next scrape", async (context) => {
  const { url } = await bench(context);
  await scrape(url);
  assert.match(await scrape(url), /^gantry_stream_bytes_total\{printer="cc1"\} 5000$/m);
});

void test("every start is counted once", async (context) => {
  const { url, streams } = await bench(context);
  const starts = async (count: number): Promise<void> => {
    while (!(await scrape(url)).includes(`gantry_stream_start_seconds_count{printer="cc1"} ${count}\n`)) {
      context.signal.throwIfAborted();
    }
  };
  await starts(1);
  streams[0] = { ...live, startSeconds: 0.3 };
  await starts(2);
});

void test("a stream that is gone takes its series along", async (context) => {
  const { url, streams } = await bench(context);
  await scrape(url);
  streams.length = 0;
  while ((await scrape(url)).includes("cc1")) context.signal.throwIfAborted();
});

const promtool = spawnSync("promtool", ["--version"]).error === undefined ? false : "needs promtool";

void test("promtool finds nothing to say", { skip: promtool }, async (context) => {
  const { url } = await bench(context);
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: await scrape(url) });
  assert.equal(status, 0, `${stdout.toString()}${stderr.toString()}`);
  assert.equal(stderr.toString(), "");
});
