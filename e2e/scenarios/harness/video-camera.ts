// An IP camera that sends H.264 by RTSP and RTSPS and asks for a password: a MediaMTX of its own that plays
// a short recording in turns. What it says of its viewers is read from its control API and its log.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../rigs/free-port.ts";
import { createIdentity } from "../../simulators/bambu/certificates.ts";
import { mediamtxFile } from "../../tools/paths.ts";
import { until } from "./until.ts";

const run = promisify(execFile);

const username = "viewer";
export const password = "hunter2-Camera";

export class VideoCamera implements AsyncDisposable {
  readonly certificateSha256: string;
  /** What it logs. */
  log = "";
  readonly #folder: string;
  readonly #ports: readonly number[];
  #children: ChildProcess[] = [];

  private constructor(folder: string, ports: readonly number[], certificate: string) {
    this.#folder = folder;
    this.#ports = ports;
    this.certificateSha256 = new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase();
  }

  static async start(): Promise<VideoCamera> {
    const folder = await mkdtemp(join(tmpdir(), "gantry-video-"));
    const { cert, key } = await createIdentity("camera");
    const camera = new VideoCamera(folder, await Promise.all([freePort(), freePort(), freePort()]), cert);
    const input = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=15:duration=4"];
    const coding = [
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-tune",
      "zerolatency",
      "-g",
      "15",
      "-pix_fmt",
      "yuv420p",
    ];
    await Promise.all([
      writeFile(join(folder, "cert.pem"), cert),
      writeFile(join(folder, "key.pem"), key),
      writeFile(join(folder, "mediamtx.yml"), JSON.stringify(camera.#settings())),
      run("ffmpeg", [...input, ...coding, join(folder, "loop.mp4")]),
    ]);
    await camera.switchOn();
    return camera;
  }

  get url(): string {
    return `rtsp://${username}:${password}@127.0.0.1:${this.#ports[0]}/live`;
  }

  get secureUrl(): string {
    return `rtsps://${username}:${password}@127.0.0.1:${this.#ports[1]}/live`;
  }

  async switchOn(): Promise<void> {
    const server = spawn(mediamtxFile, [join(this.#folder, "mediamtx.yml")], { stdio: ["ignore", "pipe", "ignore"] });
    server.stdout.on("data", (chunk: Buffer) => (this.log += chunk.toString()));
    this.#children = [server];
    await until("the camera's server answers", async () => (await this.#paths()) !== undefined);
    const input = ["-v", "error", "-re", "-stream_loop", "-1", "-i", join(this.#folder, "loop.mp4")];
    const output = ["-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp", `rtsp://127.0.0.1:${this.#ports[0]}/live`];
    this.#children.push(spawn("ffmpeg", [...input, ...output], { stdio: "ignore" }));
    await until("the camera has pictures", async () => (await this.#paths())?.[0]?.ready === true);
  }

  /** Its plug is pulled. */
  async switchOff(): Promise<void> {
    const children = this.#children;
    this.#children = [];
    await Promise.all(
      children.map(async (child) => {
        const exit = once(child, "exit");
        if (child.exitCode === null && child.kill("SIGKILL")) await exit;
      }),
    );
  }

  /** Who plays it now. */
  async viewers(): Promise<number> {
    return (await this.#paths())?.[0]?.readers.length ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.switchOff();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #settings(): unknown {
    const [rtsp, rtsps, api] = this.#ports;
    const loopback = ["127.0.0.1"];
    return {
      logLevel: "info",
      rtspAddress: `127.0.0.1:${rtsp}`,
      rtspsAddress: `127.0.0.1:${rtsps}`,
      rtspTransports: ["tcp"],
      rtspEncryption: "optional",
      rtspServerKey: join(this.#folder, "key.pem"),
      rtspServerCert: join(this.#folder, "cert.pem"),
      rtspAuthMethods: ["digest"],
      rtmp: false,
      hls: false,
      webrtc: false,
      srt: false,
      moq: false,
      api: true,
      apiAddress: `127.0.0.1:${api}`,
      authInternalUsers: [
        { user: "any", ips: loopback, permissions: [{ action: "publish" }, { action: "api" }] },
        { user: username, pass: password, permissions: [{ action: "read" }] },
      ],
      paths: { live: {} },
    };
  }

  async #paths(): Promise<readonly { readonly ready: boolean; readonly readers: readonly unknown[] }[] | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#ports[2]}/v3/paths/list`);
      return ((await response.json()) as { items: { ready: boolean; readers: unknown[] }[] }).items;
    } catch {
      return undefined; // it is off
    }
  }
}
