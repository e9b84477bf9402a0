// The camera that is measured against: the plain webcam's simulator in a process of its own, and a
// tap that notes when each of its pictures arrives.

import { setTimeout as wait } from "node:timers/promises";
import { MjpegError, openMjpeg } from "@gantry/platform/mjpeg";
import sharp from "sharp";
import { readPictureCode } from "../../simulators/picture/code.ts";
import { until } from "../../scenarios/harness/until.ts";
import { startChild, type Child } from "../../tools/children.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface CameraCounters {
  /** Streams that are open now. */
  readonly current: number;
  /** Streams that were ever opened. */
  readonly total: number;
  /** Single pictures that were asked for. */
  readonly snapshots: number;
}

export class BenchCamera implements AsyncDisposable {
  readonly url: string;
  readonly #admin: string;
  readonly #child: Child;

  private constructor(child: Child, { ports, admin }: { ports: { main: number }; admin: string }) {
    this.#child = child;
    this.#admin = admin;
    this.url = `http://127.0.0.1:${ports.main}/stream`;
  }

  static async start({ width, height }: Size): Promise<BenchCamera> {
    const { promise, resolve } = Promise.withResolvers<{ ports: { main: number }; admin: string }>();
    const child = startChild({
      name: "camera",
      args: ["e2e/simulators/main.ts", "mjpeg-camera", "--port", "0", "--size", `${width}x${height}`],
      env: process.env,
      onLine: (_name, line) => {
        if (line.startsWith("{")) resolve(JSON.parse(line) as { ports: { main: number }; admin: string });
        else process.stderr.write(`camera: ${line}\n`);
      },
    });
    const ended = child.ended.then((how) => {
      throw new Error(`the simulated camera ended with ${how}`);
    });
    return new BenchCamera(child, await Promise.race([promise, ended]));
  }

  async fault(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const response = await fetch(`${this.#admin}/fault`, { method: "POST", body: JSON.stringify({ name, ...more }) });
    if (!response.ok) throw new Error(`the camera refused ${name}: ${await response.text()}`);
  }

  async mend(name: string): Promise<void> {
    await this.fault(name, { clear: true });
  }

  /** Takes every fault back, another rate among them. */
  async mendAll(): Promise<void> {
    const response = await fetch(`${this.#admin}/fault`, { method: "POST", body: JSON.stringify({ clear: true }) });
    if (!response.ok) throw new Error(`the camera stays broken: ${await response.text()}`);
  }

  async counters(): Promise<CameraCounters> {
    return ((await (await fetch(`${this.#admin}/counters`)).json()) as { camera: CameraCounters }).camera;
  }

  /** Resolves when nobody is connected: the gateway stays for a while after its last viewer. */
  async unwatched(): Promise<void> {
    await until("nobody is connected to the camera", async () => (await this.counters()).current === 0, 90_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop(2000);
  }
}

/** When each picture of a camera was received, by its number; monotonic ms. */
export async function tap(url: string, forMs: number): Promise<ReadonlyMap<number, number>> {
  const taken: { readonly jpeg: Uint8Array; readonly atMs: number }[] = [];
  const over = AbortSignal.timeout(forMs);
  try {
    for await (const jpeg of openMjpeg(url, { signal: over, stallMs: forMs })) {
      taken.push({ jpeg, atMs: performance.now() });
    }
  } catch (error) {
    if (!over.aborted || error instanceof MjpegError) throw error;
  }
  // Whoever measures beside this has ended by then, too, and is not disturbed by the decoding.
  await wait(500);
  const times = new Map<number, number>();
  for (const { jpeg, atMs } of taken) {
    const { data, info } = await sharp(jpeg).greyscale().raw().toBuffer({ resolveWithObject: true });
    const code = readPictureCode(data, info.width, info.height);
    if (code !== undefined) times.set(code.frameNumber, atMs);
  }
  return times;
}
