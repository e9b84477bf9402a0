// The webcam's two answers, a stream and a snapshot, and the ways they can be wrong. No listening here.

import type { ServerResponse } from "node:http";
import type { FrameSource } from "../picture/frame-source.ts";

/** More than this waiting for a slow viewer, and it misses frames. */
const backlogBytes = 2 * 1024 * 1024;
const boundary = "frame";

export class Webcam {
  readonly counters = { current: 0, peak: 0, total: 0, snapshots: 0 };
  /** Connections stay open and nothing comes. */
  stalled = false;
  /** Parts without a Content-Length. */
  lengthless = false;
  /** Parts that are no JPEG. */
  garbage = false;
  readonly #source: FrameSource;
  readonly #viewers = new Set<ServerResponse>();

  constructor(source: FrameSource) {
    this.#source = source;
  }

  stream(response: ServerResponse): void {
    // The stream ends with its connection; a chunked body would only add bytes.
    response.removeHeader("Transfer-Encoding");
    response.writeHead(200, {
      "Content-Type": `multipart/x-mixed-replace; boundary=${boundary}`,
      "Cache-Control": "no-store",
      Connection: "close",
    });
    response.flushHeaders();
    this.#viewers.add(response);
    this.counters.total += 1;
    this.#count();
    const watch = this.#source.watch(({ jpeg }) => this.#send(response, jpeg));
    response.once("close", () => {
      watch[Symbol.dispose]();
      this.#viewers.delete(response);
      this.#count();
    });
  }

  async snapshot(response: ServerResponse): Promise<void> {
    this.counters.snapshots += 1;
    const { jpeg } = await this.#source.next();
    if (this.stalled) return;
    const body = this.#picture(jpeg);
    response.writeHead(200, {
      "Content-Type": "image/jpeg",
      "Content-Length": body.length,
      "Cache-Control": "no-store",
    });
    response.end(body);
  }

  /** Ends every stream. */
  close(): void {
    for (const viewer of this.#viewers) viewer.destroy();
  }

  /** Every stream gets the first half of a picture and ends. */
  async sendHalf(): Promise<void> {
    if (this.#viewers.size === 0) return;
    const { jpeg } = await this.#source.next();
    for (const viewer of this.#viewers) {
      viewer.write(this.#partHeader(jpeg));
      viewer.end(jpeg.subarray(0, Math.floor(jpeg.length / 2)));
    }
  }

  #send(response: ServerResponse, jpeg: Buffer): void {
    if (this.stalled || response.writableEnded || response.writableLength > backlogBytes) return;
    const picture = this.#picture(jpeg);
    response.write(this.#partHeader(picture));
    response.write(picture);
    response.write("\r\n");
  }

  #picture(jpeg: Buffer): Buffer {
    return this.garbage ? Buffer.alloc(jpeg.length, "no picture ") : jpeg;
  }

  #partHeader(picture: Buffer): string {
    const length = this.lengthless ? "" : `Content-Length: ${picture.length}\r\n`;
    return `--${boundary}\r\nContent-Type: image/jpeg\r\n${length}\r\n`;
  }

  #count(): void {
    this.counters.current = this.#viewers.size;
    this.counters.peak = Math.max(this.counters.peak, this.counters.current);
  }
}
