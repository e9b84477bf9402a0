// The camera daemon of both Centauri Carbons: MJPEG to as many viewers as there are slots, without the
// JFIF header on some pictures. What is asked for and how it is answered is in camera.ts of each printer.

import { once } from "node:events";
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import type { Journal } from "../admin/journal.ts";
import { httpServer } from "../net/http.ts";
import type { Frame, FrameSource } from "../picture/frame-source.ts";

export interface CameraKnobs {
  cameraPlugged: boolean;
  /** Frames flow; a command of the printer turns this too. */
  cameraEnabled: boolean;
  cameraStalled: boolean;
  /** A viewer that leaves holds its slot so long, ms. */
  cameraLeakMs: number;
  /** So many get frames. */
  cameraViewers: number;
}

export function usualCameraKnobs(): CameraKnobs {
  return { cameraPlugged: true, cameraEnabled: true, cameraStalled: false, cameraLeakMs: 0, cameraViewers: 1 };
}

interface FilmedPrinter {
  readonly journal: Journal;
  readonly knobs: CameraKnobs;
  readonly counters: { readonly camera: { current: number; peak: number; total: number; starved: number } };
  readonly camera: FrameSource;
}

/** More than this waiting for a slow viewer, and it misses frames. */
const backlogBytes = 512 * 1024;

export abstract class SlottedCamera<Printer extends FilmedPrinter> {
  readonly server: Server;
  protected readonly printer: Printer;
  readonly #viewers = new Set<ServerResponse>();
  /** Slots of viewers that are gone and not noticed. */
  readonly #leaked = new Set<NodeJS.Timeout>();

  constructor(printer: Printer) {
    this.printer = printer;
    this.server = httpServer((request, response) => this.handle(request, response));
  }

  /** Whether every slot is held. */
  get taken(): boolean {
    return this.#viewers.size + this.#leaked.size >= this.printer.knobs.cameraViewers;
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

  protected abstract handle(request: IncomingMessage, response: ServerResponse): void;

  /** Sends frames in parts that begin with `delimiter`, as `picture` makes them of each; undefined: not this one. */
  protected async stream(
    response: ServerResponse,
    delimiter: string,
    picture: (frame: Frame) => Buffer | undefined,
  ): Promise<void> {
    this.#viewers.add(response);
    this.printer.counters.camera.total += 1;
    this.#count();
    const watch = this.printer.camera.watch((frame) => {
      const { cameraEnabled, cameraStalled } = this.printer.knobs;
      if (cameraEnabled && !cameraStalled && response.writableLength <= backlogBytes) {
        sendPart(response, delimiter, picture(frame));
      }
    });
    await once(response, "close");
    watch[Symbol.dispose]();
    this.#viewers.delete(response);
    const { cameraLeakMs } = this.printer.knobs;
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

  #count(): void {
    const { camera } = this.printer.counters;
    camera.current = this.#viewers.size + this.#leaked.size;
    camera.peak = Math.max(camera.peak, camera.current);
  }
}

function sendPart(response: ServerResponse, delimiter: string, picture: Buffer | undefined): void {
  if (picture === undefined) return;
  response.write(`${delimiter}\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
  response.write(picture);
  response.write("\r\n");
}

/** Begins a stream of parts. */
export function writeStreamHeaders(response: ServerResponse, boundary: string, headers: OutgoingHttpHeaders): void {
  response.sendDate = false;
  // The stream ends with its connection; a chunked body would hide the boundaries from simple readers.
  response.removeHeader("Transfer-Encoding");
  response.writeHead(200, {
    "Content-Type": `multipart/x-mixed-replace; boundary=${boundary}`,
    ...headers,
    Connection: "close",
  });
  response.flushHeaders();
}

/** The same picture with its APP0 segment cut out. */
export function withoutJfif(jpeg: Buffer): Buffer {
  if (jpeg.readUInt16BE(2) !== 0xffe0) return jpeg;
  return Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(4 + jpeg.readUInt16BE(4))]);
}
