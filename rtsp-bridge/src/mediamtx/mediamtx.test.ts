// Against the real MediaMTX, where there is one.

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "@gantry/platform/clock";
import { silentLog } from "@gantry/platform/log";
import type { StreamSet, StreamState } from "../streams/streams.ts";
import { openMediamtx, type Mediamtx } from "./mediamtx.ts";
import { freePort } from "./ports.ts";
import { findFfmpeg, findMediamtx, findProgram } from "./programs.ts";

const searchPath = process.env["PATH"] ?? "";
const cacheDir = fileURLToPath(new URL("../../../.cache", import.meta.url));
const program = await findMediamtx({ given: process.env["GANTRY_MEDIAMTX"], searchPath, cacheDir }).catch(
  () => undefined,
);
const ffmpeg = await findFfmpeg(process.env["GANTRY_FFMPEG"], searchPath).catch(() => undefined);
const ffprobe = await findProgram("ffprobe", searchPath);
const skip =
  program !== undefined && ffmpeg !== undefined && ffprobe !== undefined
    ? false
    : 'needs MediaMTX, ffmpeg and ffprobe: run "make tools"';

/** Streams whose pictures are a test picture of ffmpeg. */
class TestStreams {
  readonly told: string[] = [];
  readonly #publishers = new Map<string, ChildProcess>();
  readonly #rtsp: string;
  #waiting: { line: string; seen: () => void }[] = [];

  constructor(rtsp: string) {
    this.#rtsp = rtsp;
  }

  get set(): StreamSet {
    return this as unknown as StreamSet;
  }

  async hears(line: string): Promise<void> {
    if (this.told.includes(line)) return;
    const seen = Promise.withResolvers<void>();
    this.#waiting.push({ line, seen: () => seen.resolve() });
    await seen.promise;
  }

  list(): { id: string; state: StreamState }[] {
    return [{ id: "cc1", state: this.#publishers.has("cc1") ? "live" : "idle" }];
  }

  demanded(id: string): void {
    this.#tell(`demanded ${id}`);
    if (!this.#publishers.has(id)) this.#publishers.set(id, this.publish(id));
  }

  publish(id: string): ChildProcess {
    const input = [
      "-re",
      "-f",
      "lavfi",
      "-i",
      "testsrc=size=128x96:rate=10",
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
    ];
    const output = ["-g", "10", "-bf", "0", "-pix_fmt", "yuv420p", "-f", "rtsp", "-rtsp_transport", "tcp"];
    const args = ["-nostdin", "-loglevel", "error", ...input, ...output, `${this.#rtsp}/${id}`];
    return spawn(ffmpeg ?? "", args, { stdio: "ignore", timeout: 60_000, killSignal: "SIGKILL" });
  }

  released(id: string): void {
    this.#tell(`released ${id}`);
    this.#publishers.get(id)?.kill("SIGKILL");
    this.#publishers.delete(id);
  }

  viewerJoined(id: string): void {
    this.#tell(`joined ${id}`);
  }

  viewers(id: string, count: number): void {
    this.#tell(`viewers ${id} ${count}`);
  }

  serverAvailable(available: boolean): void {
    this.#tell(available ? "up" : "down");
    if (!available) for (const id of this.#publishers.keys()) this.released(id);
  }

  #tell(line: string): void {
    this.told.push(line);
    for (const waiting of this.#waiting) if (waiting.line === line) waiting.seen();
    this.#waiting = this.#waiting.filter((waiting) => waiting.line !== line);
  }
}

interface Bench {
  readonly mediamtx: Mediamtx;
  readonly streams: TestStreams;
  readonly rtsp: string;
  readonly configFile: string;
}

async function bench(context: TestContext, lingerMs = 1500): Promise<Bench> {
  const dataDir = await mkdtemp(join(tmpdir(), "gantry-test-"));
  const rtspPort = await freePort("127.0.0.1");
  const rtsp = `rtsp://127.0.0.1:${rtspPort}`;
  const streams = new TestStreams(rtsp);
  const mediamtx = await openMediamtx({
    program: program?.file ?? "",
    baseFile: fileURLToPath(new URL("../../../mediamtx.yml", import.meta.url)),
    dataDir,
    rtspHost: "127.0.0.1",
    rtspPort,
    searchPath,
    timeZone: "UTC",
    streams: streams.set,
    clock: systemClock,
    log: silentLog,
    signal: new AbortController().signal,
  });
  context.after(async () => {
    await mediamtx[Symbol.asyncDispose]();
    streams.released("cc1");
    await rm(dataDir, { recursive: true, force: true });
  });
  await mediamtx.setPaths(["cc1"], lingerMs);
  return { mediamtx, streams, rtsp, configFile: join(dataDir, "rtsp-bridge", "mediamtx.yml") };
}

/** Opens an address as a viewer does, and reads a few pictures of it. */
async function probe(url: string): Promise<{ code: number | null; text: string }> {
  const shown = ["-show_entries", "stream=codec_name", "-of", "csv=p=0", "-read_intervals", "%+#3", "-count_frames"];
  const child = spawn(ffprobe ?? "", ["-loglevel", "error", "-rtsp_transport", "tcp", ...shown, url], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 30_000,
    killSignal: "SIGKILL",
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text };
}

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
