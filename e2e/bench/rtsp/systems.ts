// The two that are compared, each a set of processes behind an RTSP address. `baseline`: MediaMTX
// that runs the command most people paste. `ours`: gateway and bridge.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../rigs/free-port.ts";
import { descendants, type ProcessRow } from "../../scenarios/harness/processes.ts";
import { Service } from "../../scenarios/harness/service.ts";
import { until } from "../../scenarios/harness/until.ts";
import { bridgeArgs, bridgeEnvironment } from "../../tools/bridge-command.ts";
import { mediamtxFile } from "../../tools/paths.ts";

export interface System extends AsyncDisposable {
  readonly name: string;
  /** RTSP address of the `index`-th camera, from 0. */
  url(index: number): string;
  /** Resolves when nobody is served any more and no encoder of the camera runs. */
  idle(index: number): Promise<void>;
  /** Everything that is counted as its cost. */
  processes(): Promise<ProcessRow[]>;
}

/** The command and settings are those of a widely used project; the port and the camera differ. */
export class Baseline implements System {
  readonly name = "baseline";
  readonly #folder: string;
  readonly #port: number;
  readonly #api: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, port: number, api: string, child: ChildProcess) {
    this.#folder = folder;
    this.#port = port;
    this.#api = api;
    this.#child = child;
  }

  static async start(cameras: readonly string[]): Promise<Baseline> {
    const folder = await mkdtemp(join(tmpdir(), "gantry-bench-"));
    const [port, apiPort] = [await freePort(), await freePort()];
    const file = join(folder, "mediamtx.yml");
    await writeFile(file, JSON.stringify(baselineConfig(port, apiPort, cameras)));
    const child = spawn(mediamtxFile, [file], { stdio: "ignore", detached: true });
    const api = `http://127.0.0.1:${apiPort}/v3`;
    await until("the baseline's MediaMTX answers", async () => (await fetch(`${api}/info`)).ok);
    return new Baseline(folder, port, api, child);
  }

  url(index: number): string {
    return `rtsp://127.0.0.1:${this.#port}/cam${index}`;
  }

  async idle(index: number): Promise<void> {
    await until("the baseline is idle", async () => {
      const path = (await (await fetch(`${this.#api}/paths/get/cam${index}`)).json()) as { source?: unknown };
      return (path.source ?? null) === null && (await this.processes()).every(({ command }) => command !== "ffmpeg");
    });
  }

  async processes(): Promise<ProcessRow[]> {
    const pid = this.#child.pid ?? 0;
    return [{ pid, parent: process.pid, command: "mediamtx" }, ...(await descendants(pid))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = await this.processes();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exited;
    }
    for (const { pid } of left) kill(pid);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function baselineConfig(port: number, apiPort: number, cameras: readonly string[]): unknown {
  const paths = cameras.map((camera, index) => [`cam${index}`, { runOnDemand: `ffmpeg ${command(camera, port)}` }]);
  return {
    logLevel: "error",
    rtspAddress: `127.0.0.1:${port}`,
    rtspTransports: ["tcp"],
    rtmp: false,
    hls: false,
    webrtc: false,
    srt: false,
    moq: false,
    api: true,
    apiAddress: `127.0.0.1:${apiPort}`,
    // The project waits 30 s after the last viewer; a bench would wait for it at every start.
    pathDefaults: {
      runOnDemandRestart: true,
      runOnDemandStartTimeout: "15s",
      runOnDemandCloseAfter: `${closeAfterMs / 1000}s`,
    },
    paths: Object.fromEntries(paths),
  };
}

function command(camera: string, port: number): string {
  return [
    "-hide_banner -loglevel error -nostdin",
    `-fflags nobuffer -flags low_delay -f mjpeg -use_wallclock_as_timestamps 1 -i ${camera}`,
    "-r 15 -c:v libx264 -preset veryfast -tune zerolatency -profile:v baseline -pix_fmt yuv420p",
    "-g 30 -b:v 2M -maxrate 2M -bufsize 2M -an",
    `-f rtsp -rtsp_transport tcp rtsp://127.0.0.1:${port}/$MTX_PATH`,
  ].join(" ");
}

export interface OursOptions {
  /** `standby: true` for every camera. */
  readonly standby?: boolean;
}

/** Linger of the streams: the least that the bridge keeps. */
export const lingerMs = 3000;
/** What the baseline waits after its last viewer. */
export const closeAfterMs = 2000;

export class Ours implements System {
  readonly name = "ours";
  readonly #folder: string;
  readonly #cameras: readonly string[];
  readonly #resources: AsyncDisposableStack;
  #gateway!: Service;
  #bridge!: Service;
  #http = "";
  #gatewayUrl = "";
  #rtsp = "";

  private constructor(folder: string, cameras: readonly string[], resources: AsyncDisposableStack) {
    this.#folder = folder;
    this.#cameras = cameras;
    this.#resources = resources;
  }

  static async start(cameras: readonly string[], options: OursOptions = {}): Promise<Ours> {
    await using resources = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "gantry-bench-"));
    resources.defer(async () => rm(folder, { recursive: true, force: true }));
    const ours = new Ours(folder, cameras, resources.move());
    await ours.configure(options);
    try {
      await ours.#start();
    } catch (error) {
      await ours[Symbol.asyncDispose]();
      throw error;
    }
    return ours;
  }

  /** Writes the inventory; a running bridge takes it within two seconds. */
  async configure({ standby = false }: OursOptions): Promise<void> {
    const entries = this.#cameras.map((url, index) => {
      const camera = `{url: "${url}"${standby ? ", standby: true" : ""}}`;
      return `  - {id: cam${index}, family: elegoo-cc1, connection: {host: 127.0.0.1, port: 1}, camera: ${camera}}\n`;
    });
    const text = `bridge: {linger: ${lingerMs / 1000}s}\nprinters:\n${entries.join("")}`;
    await writeFile(this.#inventory, text);
  }

  get gatewayPid(): number {
    return this.#gateway.pid;
  }

  url(index: number): string {
    return `${this.#rtsp}/cam${index}`;
  }

  /** Where the gateway gives the `index`-th camera to browsers; `/snapshot.jpg` and `/camera.mjpeg` below. */
  cameraUrl(index: number): string {
    return `${this.#gatewayUrl}/api/v1/printers/cam${index}`;
  }

  /** The bridge's own word about a stream. */
  async stream(index: number): Promise<Readonly<Record<string, unknown>>> {
    const answer = await fetch(`${this.#http}/api/v1/streams/cam${index}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /**
   * Pictures that were repeated so far, whatever for: to let a viewer join or start at once, to help a
   * very slow camera's viewer for its first seconds, or each second while the camera is silent.
   */
  async repeated(index: number): Promise<number> {
    const text = await (await fetch(`${this.#http}/metrics`)).text();
    const line = new RegExp(`^gantry_stream_frames_total\\{printer="cam${index}",result="held"\\} (\\d+)`, "mu");
    return Number(line.exec(text)?.[1] ?? 0);
  }

  async idle(index: number): Promise<void> {
    await until("the stream is idle", async () => (await this.stream(index))["state"] === "idle");
  }

  async processes(): Promise<ProcessRow[]> {
    const own = { pid: this.#bridge.pid, parent: process.pid, command: "node" };
    return [own, ...(await descendants(this.#bridge.pid))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  get #inventory(): string {
    return join(this.#folder, "printers.yaml");
  }

  async #start(): Promise<void> {
    const common = { GANTRY_INVENTORY: this.#inventory, GANTRY_DATA_DIR: join(this.#folder, "data") };
    this.#gateway = this.#resources.use(
      new Service("gateway", ["gateway/src/main.ts"], {
        ...common,
        GANTRY_HTTP_HOST: "127.0.0.1",
        GANTRY_HTTP_PORT: "0",
      }),
    );
    this.#gatewayUrl = String((await this.#gateway.listening())["http"]);
    this.#bridge = this.#resources.use(
      new Service("bridge", bridgeArgs, {
        ...bridgeEnvironment,
        ...common,
        GANTRY_GATEWAY_URL: this.#gatewayUrl,
        GANTRY_BRIDGE_HTTP_HOST: "127.0.0.1",
        GANTRY_BRIDGE_HTTP_PORT: "0",
        GANTRY_RTSP_PORT: "0",
      }),
    );
    const { http, rtsp } = await this.#bridge.listening();
    this.#http = String(http);
    this.#rtsp = String(rtsp);
  }
}

/** SIGKILL for a process that may be gone. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
