// The camera server on its own port: every path and every method of asking gives the stream, to one
// viewer at a time, in JPEGs without their JFIF header.

import type { IncomingMessage, ServerResponse } from "node:http";
import { SlottedCamera, withoutJfif, writeStreamHeaders } from "../elegoo/camera.ts";
import type { Printer } from "./printer.ts";

export class CameraServer extends SlottedCamera<Printer> {
  protected override handle(request: IncomingMessage, response: ServerResponse): void {
    const { journal, counters, knobs } = this.printer;
    const starved = this.taken;
    const verdict = starved ? "headers only" : "stream";
    journal.add("camera", { request: `${request.method} ${request.url}`, headers: request.headers, verdict });
    const { cameraBoundary: boundary } = knobs;
    writeStreamHeaders(response, boundary, { "Cache-Control": "no-cache, private", Pragma: "no-cache" });
    if (starved) {
      counters.camera.starved += 1;
      return;
    }
    // One firmware names its boundary with the dashes that stand before it.
    const delimiter = boundary.startsWith("--") ? boundary : `--${boundary}`;
    void this.stream(response, delimiter, ({ jpeg }) => (knobs.cameraPlugged ? withoutJfif(jpeg) : undefined));
  }
}
