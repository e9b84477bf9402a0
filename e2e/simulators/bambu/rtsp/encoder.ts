// The camera's video chip: one ffmpeg that makes H.264 of the sensor's pictures while it lives. Its
// input is a pipe of this process, so it ends even when this process is killed.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { Frame, FrameSource } from "../../picture/frame-source.ts";
import { type AccessUnit, FlvReader, type ParameterSets } from "./flv.ts";

/** `capturedMs` is on the steady clock. */
type UnitListener = (unit: AccessUnit, capturedMs: number) => void;

/** More than this waiting for the encoder, and it misses pictures. */
const backlogBytes = 4 * 1024 * 1024;
const boundary = "frame";

export class Encoder implements AsyncDisposable {
  /** Rejects when ffmpeg ends before it has told them. */
  readonly parameterSets: Promise<ParameterSets>;
  /** Resolves when ffmpeg has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #watch: Disposable;
  readonly #listeners = new Set<UnitListener>();
  /** When the pictures that are in the encoder were taken. */
  readonly #captured: number[] = [];

  /** Starts at once. */
  constructor(source: FrameSource) {
    this.#child = spawn("ffmpeg", argumentsFor(source.framesPerSecond), { stdio: ["pipe", "pipe", "ignore"] });
    const { promise, resolve, reject } = Promise.withResolvers<ParameterSets>();
    this.parameterSets = promise;
    // Whoever asks for them hears of it; nobody may have asked.
    promise.catch(() => {});
    const flv = new FlvReader({ parameterSets: resolve, accessUnit: (unit) => this.#tell(unit) });
    this.#child.stdout.on("data", (piece: Buffer) => flv.push(piece));
    // A pipe to a process that is gone; its end is heard below.
    this.#child.stdin.on("error", () => {});
    this.ended = endOf(this.#child, () => reject(new Error("ffmpeg made no video")));
    this.#watch = source.watch((frame) => this.#feed(frame));
  }

  /** Pictures from the next one on, until the returned handle is disposed. */
  listen(listener: UnitListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#listeners.clear();
    // It has nothing to put in order, and may hang.
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  #feed({ jpeg }: Frame): void {
    const { stdin } = this.#child;
    if (!stdin.writable || stdin.writableLength > backlogBytes) return;
    this.#captured.push(performance.now());
    stdin.write(`--${boundary}\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
    stdin.write(jpeg);
    stdin.write("\r\n");
  }

  #tell(unit: AccessUnit): void {
    const capturedMs = this.#captured.shift() ?? performance.now();
    for (const listener of this.#listeners) listener(unit, capturedMs);
  }
}

async function endOf(child: ChildProcessByStdio<Writable, Readable, null>, onEnd: () => void): Promise<void> {
  try {
    await once(child, "close");
  } catch {
    // It could not be started, which is an end too.
  }
  onEnd();
}

/** One picture out for each one in, without delay; an IDR picture each second. */
function argumentsFor(framesPerSecond: number): readonly string[] {
  const gop = String(Math.max(1, Math.round(framesPerSecond)));
  return [
    ["-hide_banner", "-loglevel", "quiet", "-nostdin"],
    ["-probesize", "32", "-analyzeduration", "0", "-f", "mpjpeg", "-i", "pipe:0"],
    ["-an", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-threads", "1"],
    ["-pix_fmt", "yuv420p", "-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-fps_mode", "passthrough"],
    ["-f", "flv", "-flvflags", "no_duration_filesize", "-flush_packets", "1", "pipe:1"],
  ].flat();
}
