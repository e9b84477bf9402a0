// The camera server on its own port: every path and every method of asking gives the stream, to one
// viewer at a time, in JPEGs without their JFIF header.

import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { httpServer } from "../net/http.ts";
import type { Frame } from "../picture/frame-source.ts";
import type { Printer } from "./printer.ts";

/** More than this waiting for a slow viewer, and it misses frames. */
const backlogBytes = 512 * 1024;

export class CameraServer {
  readonly server: Server;
  readonly #printer: Printer;
  readonly #viewers = new Set<ServerResponse>();
  /** Slots of viewers that are gone and not noticed. */
  readonly #leaked = new Set<NodeJS.Timeout>();

  constructor(printer: Printer) {
    this.#printer = printer;
    this.server = httpServer((request, response) => this.#handle(request, response));
  }

  /** Ends the streams that run, and frees leaked slots. */
  drop(): void {
    for (const response of this.#viewers) response.destroy();
    this.freeLeaked();
  }

  freeLeaked(): void {
    for (const timer of this.#leaked) clearTimeout(timer);
    this.#leaked.clear();
    this.#count();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const { journal, counters, knobs } = this.#printer;
    const starved = this.#viewers.size + this.#leaked.size >= knobs.cameraViewers;
    const verdict = starved ? "headers only" : "stream";
    journal.add("camera", { request: `${request.method} ${request.url}`, headers: request.headers, verdict });
    const { cameraBoundary: boundary } = knobs;
    writeHeaders(response, boundary);
    if (starved) counters.camera.starved += 1;
    else void this.#stream(response, boundary);
  }

  async #stream(response: ServerResponse, boundary: string): Promise<void> {
    this.#viewers.add(response);
    this.#printer.counters.camera.total += 1;
    this.#count();
    const watch = this.#printer.camera.watch((frame) => this.#sendFrame(response, boundary, frame));
    await once(response, "close");
    watch[Symbol.dispose]();
    this.#viewers.delete(response);
    const { cameraLeakMs } = this.#printer.knobs;
    if (cameraLeakMs > 0) this.#leak(cameraLeakMs);
    this.#count();
  }

  #leak(milliseconds: number): void {
    const timer = setTimeout(() => {
      this.#leaked.delete(timer);
      this.#count();
    }, milliseconds);
    this.#leaked.add(timer);
  }

  #sendFrame(response: ServerResponse, boundary: string, { jpeg }: Frame): void {
    const { cameraEnabled, cameraStalled, cameraPlugged } = this.#printer.knobs;
    if (!cameraEnabled || cameraStalled || !cameraPlugged || response.writableLength > backlogBytes) return;
    const picture = withoutJfif(jpeg);
    // One firmware names its boundary with the dashes that stand before it.
    const delimiter = boundary.startsWith("--") ? boundary : `--${boundary}`;
    response.write(`${delimiter}\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
    response.write(picture);
    response.write("\r\n");
  }

  #count(): void {
    const { camera } = this.#printer.counters;
    camera.current = this.#viewers.size + this.#leaked.size;
    camera.peak = Math.max(camera.peak, camera.current);
  }
}

function writeHeaders(response: ServerResponse, boundary: string): void {
  response.sendDate = false;
  // The stream ends with its connection; a chunked body would hide the boundaries from simple readers.
  response.removeHeader("Transfer-Encoding");
  response.writeHead(200, {
    "Content-Type": `multipart/x-mixed-replace; boundary=${boundary}`,
    "Cache-Control": "no-cache, private",
    Pragma: "no-cache",
    Connection: "close",
  });
  response.flushHeaders();
}

/** The same picture with its APP0 segment cut out, as the real camera sends them all. */
function withoutJfif(jpeg: Buffer): Buffer {
  if (jpeg.readUInt16BE(2) !== 0xffe0) return jpeg;
  return Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(4 + jpeg.readUInt16BE(4))]);
}
