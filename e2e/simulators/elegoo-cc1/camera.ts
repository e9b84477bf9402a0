// The camera server on its own port: MJPEG with the real one's faults, which are a boundary parameter
// that includes the dashes, printf markers in a header, and one viewer at a time.

import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { httpServer, pathOf } from "../net/http.ts";
import type { Frame } from "../picture/frame-source.ts";
import type { Printer } from "./printer.ts";

interface Viewer {
  readonly response: ServerResponse;
  watch: Disposable | undefined;
}

/** More than this waiting for a slow viewer, and it misses frames. */
const backlogBytes = 512 * 1024;
/** Each so many-th frame lacks its JFIF header. */
const bareFrameEvery = 10;

export class CameraServer {
  readonly server: Server;
  readonly #printer: Printer;
  readonly #viewers = new Set<Viewer>();
  /** Slots of viewers that are gone and not noticed. */
  readonly #leaked = new Set<NodeJS.Timeout>();

  constructor(printer: Printer) {
    this.#printer = printer;
    this.server = httpServer((request, response) => this.#handle(request, response));
  }

  /** Whether every slot is held. */
  get taken(): boolean {
    return this.#viewers.size + this.#leaked.size >= this.#printer.knobs.cameraViewers;
  }

  /** Ends the streams that run, and frees leaked slots. */
  drop(): void {
    for (const { response } of this.#viewers) response.destroy();
    this.freeLeaked();
  }

  freeLeaked(): void {
    for (const timer of this.#leaked) clearTimeout(timer);
    this.#leaked.clear();
    this.#count();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const { journal, counters, knobs } = this.#printer;
    const good = request.method === "GET" && path === "/video" && knobs.cameraPlugged;
    const starved = good && this.taken;
    const verdict = good ? (starved ? "headers only" : "stream") : "404";
    journal.add("camera", { request: `${request.method} ${request.url}`, headers: request.headers, verdict });
    if (!good) {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("Not found\n");
      return;
    }
    writeHeaders(response);
    if (starved) counters.camera.starved += 1;
    else void this.#stream(response);
  }

  async #stream(response: ServerResponse): Promise<void> {
    const viewer: Viewer = { response, watch: undefined };
    this.#viewers.add(viewer);
    this.#printer.counters.camera.total += 1;
    this.#count();
    viewer.watch = this.#printer.camera.watch((frame) => this.#sendFrame(response, frame));
    await once(response, "close");
    viewer.watch[Symbol.dispose]();
    this.#viewers.delete(viewer);
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

  #sendFrame(response: ServerResponse, { jpeg, frameNumber }: Frame): void {
    const { cameraEnabled, cameraStalled } = this.#printer.knobs;
    if (!cameraEnabled || cameraStalled || response.writableLength > backlogBytes) return;
    const picture = frameNumber % bareFrameEvery === 0 ? withoutJfif(jpeg) : jpeg;
    response.write(`--foo\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
    response.write(picture);
    response.write("\r\n");
  }

  #count(): void {
    const { camera } = this.#printer.counters;
    camera.current = this.#viewers.size + this.#leaked.size;
    camera.peak = Math.max(camera.peak, camera.current);
  }
}

function writeHeaders(response: ServerResponse): void {
  response.sendDate = false;
  // The stream ends with its connection; a chunked body would hide the boundaries from simple readers.
  response.removeHeader("Transfer-Encoding");
  response.writeHead(200, {
    "Content-Type": "multipart/x-mixed-replace; boundary=--foo",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    Pragma: "no-cache",
    Expires: "Thu, %d %d %d %d:%d:%d GMT",
    Connection: "close",
  });
  response.flushHeaders();
}

/** The same picture with its APP0 segment cut out, as the real camera sends some. */
function withoutJfif(jpeg: Buffer): Buffer {
  if (jpeg.readUInt16BE(2) !== 0xffe0) return jpeg;
  return Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(4 + jpeg.readUInt16BE(4))]);
}
