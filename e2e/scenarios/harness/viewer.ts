// A viewer as users have them: ffmpeg plays the RTSP stream, and every decoded picture's code is read.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readPictureCode, type PictureCode } from "../../simulators/picture/code.ts";
import { until } from "./until.ts";

export interface Seen {
  /** undefined: a picture that the camera did not make, such as the placeholder. */
  readonly code: PictureCode | undefined;
  /** Unix ms when it was decoded. */
  readonly atMs: number;
}

/** Every picture is scaled to this before its code is read. */
const width = 640;
const height = 360;

export class Viewer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  /** What ffmpeg complained about. */
  errors = "";
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(url: string) {
    const input = ["-hide_banner", "-nostdin", "-loglevel", "warning", "-rtsp_transport", "tcp", "-i", url];
    const output = [
      "-fps_mode",
      "passthrough",
      // Else it counts in pictures of the rate that it guessed at first, and two may share one.
      "-enc_time_base",
      "1:90000",
      "-vf",
      `scale=${width}:${height}`,
      "-pix_fmt",
      "gray",
      "-f",
      "rawvideo",
      "pipe:1",
    ];
    const child = spawn("ffmpeg", [...input, ...output], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    child.stderr.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    this.#exited = once(child, "exit");
    this.#child = child;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Pictures of the camera itself, in the order they were shown. */
  get live(): PictureCode[] {
    return this.seen.flatMap(({ code }) => (code === undefined ? [] : [code]));
  }

  /** Waits for pictures of the camera taken after `afterMs` (Unix ms), on this very session. */
  async showsLive(count = 1, afterMs = 0, limitMs = 30_000): Promise<void> {
    await until(
      `${count} pictures of the camera; ffmpeg says: ${this.errors}`,
      () => {
        if (this.ended) throw new Error(`the viewer's session ended: ${this.errors}`);
        return this.live.filter(({ capturedAtMs }) => capturedAtMs > afterMs).length >= count;
      },
      limitMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended) this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #take(chunk: Buffer): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    const size = width * height;
    if (this.#pendingBytes < size) return;
    const bytes = Buffer.concat(this.#pending);
    let start = 0;
    for (; start + size <= bytes.length; start += size) {
      const code = readPictureCode(bytes.subarray(start, start + size), width, height);
      this.seen.push({ code, atMs: Date.now() });
    }
    const rest = bytes.subarray(start);
    this.#pending = [rest];
    this.#pendingBytes = rest.length;
  }
}
