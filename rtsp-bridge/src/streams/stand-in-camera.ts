// For tests: the gateway's MJPEG stream of one camera, with the faults a camera has.

import { createServer, type ServerResponse } from "node:http";
import { listen, type HttpServer } from "@gantry/platform/http-server";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import { drawSlate } from "./placeholder.ts";

export class StandInCamera implements AsyncDisposable {
  /** Answers with this status instead of pictures. */
  refuses: number | undefined;
  /** And with this reason. */
  reason: string | undefined;
  /** Keeps connections open and sends nothing. */
  stalls = false;
  jpegs: readonly Uint8Array[];
  /** Connections taken so far. */
  accepted = 0;
  readonly #viewers = new Set<ServerResponse>();
  readonly #server: HttpServer;
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  private constructor(jpegs: readonly Uint8Array[], server: HttpServer, fps: number) {
    this.jpegs = jpegs;
    this.#server = server;
    this.#timer = setInterval(() => this.#send(), 1000 / fps);
  }

  static async start(jpegs: readonly Uint8Array[], fps = 15): Promise<StandInCamera> {
    let camera: StandInCamera | undefined;
    const server = await listen((_request, response) => camera?.take(response), {
      host: "127.0.0.1",
      port: 0,
      graceMs: 0,
    });
    camera = new StandInCamera(jpegs, server, fps);
    return camera;
  }

  get url(): string {
    return `${this.#server.url}/camera.mjpeg`;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  take(response: ServerResponse): void {
    this.accepted += 1;
    if (this.refuses !== undefined) {
      const { reason: detail } = this;
      if (detail === undefined) response.writeHead(this.refuses).end();
      else {
        response.writeHead(this.refuses, { "content-type": "application/problem+json" });
        response.end(JSON.stringify({ detail }));
      }
      return;
    }
    this.#viewers.add(response);
    response.on("close", () => this.#viewers.delete(response));
    response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=frame" });
    response.flushHeaders();
  }

  /** Closes every connection. */
  cut(): void {
    for (const viewer of this.#viewers) viewer.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.cut();
    await this.#server[Symbol.asyncDispose]();
  }

  #send(): void {
    if (this.stalls || this.refuses !== undefined) return;
    const jpeg = this.jpegs[(this.#next += 1) % this.jpegs.length] ?? new Uint8Array();
    for (const viewer of this.#viewers) {
      viewer.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
      viewer.write(jpeg);
      viewer.write("\r\n");
    }
  }
}

/** Two pictures that differ. */
export async function testPictures(size: PictureSize): Promise<Uint8Array[]> {
  return Promise.all(["one", "two"].map(async (title) => drawSlate(size, { title, message: "test", detail: null })));
}

/** A URL on which nothing listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/camera.mjpeg`;
}
