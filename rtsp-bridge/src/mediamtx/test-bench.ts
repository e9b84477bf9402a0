// For tests: the real MediaMTX, where there is one, with a stream that ffmpeg makes of a test picture.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { emptyInventory, type AccessSettings, type BridgeSettings } from "@gantry/config";
import { systemClock } from "@gantry/platform/clock";
import { createLog } from "@gantry/platform/log";
import type { StreamSet, StreamState } from "../streams/streams.ts";
import { openMediamtx, type Mediamtx } from "./mediamtx.ts";
import type { OutputPorts } from "./outputs.ts";
import { freePort, freeUdpPort } from "./ports.ts";
import { findFfmpeg, findMediamtx, findProgram } from "./programs.ts";
import type { Service } from "./service.ts";
import { bridgeUser } from "./viewers.ts";

const searchPath = process.env["PATH"] ?? "";
const cacheDir = fileURLToPath(new URL("../../../.cache", import.meta.url));
const program = await findMediamtx({ given: process.env["GANTRY_MEDIAMTX"], searchPath, cacheDir }).catch(
  () => undefined,
);
const ffmpeg = await findFfmpeg(process.env["GANTRY_FFMPEG"], searchPath).catch(() => undefined);
const ffprobe = await findProgram("ffprobe", searchPath);
export const skip =
  program !== undefined && ffmpeg !== undefined && ffprobe !== undefined
    ? false
    : 'needs MediaMTX, ffmpeg and ffprobe: run "make tools"';

/** Streams whose pictures are a test picture of ffmpeg. */
class TestStreams {
  readonly told: string[] = [];
  /** Refuses what is demanded. */
  isFull = false;
  #onRefused: (id: string) => void = () => undefined;
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
    if (this.isFull) this.#onRefused(id);
    else if (!this.#publishers.has(id)) this.#publishers.set(id, this.publish(id));
  }

  /** `rtsp` is the server as the publisher knows it, with its credentials. */
  publish(id: string, rtsp = this.#rtsp): ChildProcess {
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
    const args = ["-nostdin", "-loglevel", "error", ...input, ...output, `${rtsp}/${id}`];
    return spawn(ffmpeg ?? "", args, { stdio: "ignore", timeout: 60_000, killSignal: "SIGKILL" });
  }

  released(id: string): void {
    this.#tell(`released ${id}`);
    this.#publishers.get(id)?.kill("SIGKILL");
    this.#publishers.delete(id);
  }

  onRefused(listener: (id: string) => void): Disposable {
    this.#onRefused = listener;
    return { [Symbol.dispose]: () => undefined };
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

export interface Bench {
  readonly mediamtx: Mediamtx;
  readonly streams: TestStreams;
  readonly rtsp: string;
  readonly ports: OutputPorts;
  readonly folder: string;
  /** What was logged. */
  readonly lines: string[];
  /** Another inventory is in force. */
  readonly serve: (next: ServiceOptions) => Promise<void>;
  readonly configFile: string;
}

interface ServiceOptions {
  readonly access?: AccessSettings | null;
  readonly outputs?: Partial<BridgeSettings>;
}

interface BenchOptions extends ServiceOptions {
  readonly lingerMs?: number;
}

/** MediaMTX on loopback with the path `cc1`, ended with the test. */
export async function bench(
  context: TestContext,
  { lingerMs = 1500, access = null, outputs = {} }: BenchOptions = {},
): Promise<Bench> {
  const lines: string[] = [];
  const dataDir = await mkdtemp(join(tmpdir(), "gantry-test-"));
  const rtspPort = await freePort("127.0.0.1");
  const rtsp = `rtsp://127.0.0.1:${rtspPort}`;
  const login = { user: bridgeUser, password: "bridge-password" };
  const streams = new TestStreams(rtsp.replace("//", `//${login.user}:${login.password}@`));
  const [webrtc, hls, rtsps, webrtcUdp] = await Promise.all([
    freePort("127.0.0.1"),
    freePort("127.0.0.1"),
    freePort("127.0.0.1"),
    freeUdpPort("127.0.0.1"),
  ]);
  const ports = { webrtc, hls, rtsps, webrtcUdp };
  const serviceOf = (next: Required<ServiceOptions>): Service => ({
    bridge: { ...emptyInventory.bridge, ...next.outputs },
    access: next.access,
    folder: dataDir,
  });
  const mediamtx = await openMediamtx({
    program: program?.file ?? "",
    baseFile: fileURLToPath(new URL("../../../mediamtx.yml", import.meta.url)),
    dataDir,
    rtspHost: "127.0.0.1",
    rtspPort,
    ports,
    login,
    service: serviceOf({ access, outputs }),
    searchPath,
    timeZone: "UTC",
    streams: streams.set,
    clock: systemClock,
    log: createLog({ level: "debug", destination: { write: (line) => void lines.push(line) } }),
    signal: new AbortController().signal,
  });
  context.after(async () => {
    await mediamtx[Symbol.asyncDispose]();
    streams.released("cc1");
    await rm(dataDir, { recursive: true, force: true });
  });
  await mediamtx.setPaths(["cc1"], lingerMs);
  return {
    mediamtx,
    streams,
    rtsp,
    ports,
    folder: dataDir,
    lines,
    serve: async (next) => mediamtx.setService(serviceOf({ access, outputs, ...next })),
    configFile: join(dataDir, "rtsp-bridge", "mediamtx.yml"),
  };
}

/** Opens an address as a viewer does, and reads a few pictures of it. */
export async function probe(url: string): Promise<{ code: number | null; text: string }> {
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

export interface Watching extends AsyncDisposable {
  /** Resolves when the session is over. */
  readonly ended: Promise<unknown>;
  /** Resolves when more bytes have come than were there when it was asked. */
  more(): Promise<void>;
  stop(): Promise<void>;
}

/** A viewer that stays, once it has its first bytes. */
export async function watch(url: string): Promise<Watching> {
  const args = [
    "-nostdin",
    "-loglevel",
    "error",
    "-rtsp_transport",
    "tcp",
    "-i",
    url,
    "-c",
    "copy",
    "-f",
    "h264",
    "pipe:1",
  ];
  const child = spawn(ffmpeg ?? "", args, {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  const ended = once(child, "close");
  const seen = { bytes: 0 };
  child.stdout.on("data", (chunk: Buffer) => (seen.bytes += chunk.length));
  const more = async (): Promise<void> => {
    const before = seen.bytes;
    while (seen.bytes <= before) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error("the viewer's session is over");
      await wait(50);
    }
  };
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  await more();
  return { ended, more, stop, [Symbol.asyncDispose]: stop };
}
