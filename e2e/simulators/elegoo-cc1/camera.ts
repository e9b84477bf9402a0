// The camera server on its own port: MJPEG with the real one's faults, which are a boundary parameter
// that includes the dashes, printf markers in a header, and one viewer at a time.

import type { IncomingMessage, ServerResponse } from "node:http";
import { SlottedCamera, withoutJfif, writeStreamHeaders } from "../elegoo/camera.ts";
import { pathOf } from "../net/http.ts";
import type { Printer } from "./printer.ts";

/** Each so many-th frame lacks its JFIF header. */
const bareFrameEvery = 10;
const boundary = "--foo";

export class CameraServer extends SlottedCamera<Printer> {
  protected override handle(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const { journal, counters, knobs } = this.printer;
    const good = request.method === "GET" && path === "/video" && knobs.cameraPlugged;
    const starved = good && this.taken;
    const verdict = good ? (starved ? "headers only" : "stream") : "404";
    journal.add("camera", { request: `${request.method} ${request.url}`, headers: request.headers, verdict });
    if (!good) {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("Not found\n");
      return;
    }
    writeStreamHeaders(response, boundary, {
      "Cache-Control": "no-cache, no-store, must-revalidate",
      Pragma: "no-cache",
      Expires: "Thu, %d %d %d %d:%d:%d GMT",
    });
    if (starved) counters.camera.starved += 1;
    else {
      void this.stream(response, boundary, ({ jpeg, frameNumber }) =>
        frameNumber % bareFrameEvery === 0 ? withoutJfif(jpeg) : jpeg,
      );
    }
  }
}
