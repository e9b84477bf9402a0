// JPEG pictures of one stream as multipart/x-mixed-replace, for the gateway: as many as the socket takes,
// the newest first, and the reason where there are none. What they come from is ../sources/frames.ts.

import type { ServerResponse } from "node:http";
import type { PictureFeed } from "../streams/streams.ts";
import { sendProblem } from "./problem.ts";

/** A camera may have to be opened first; the gateway waits for a little longer. */
const firstPictureMs = 9000;
/** Without a picture for so long the stream is cut, and the next request is told why. */
const silenceMs = 12_000;

/** Answers, and ends the view when the viewer is gone. */
export function sendFrames(response: ServerResponse, feed: PictureFeed, id: string): void {
  let view: Disposable | undefined;
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const end = (reason?: string): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    view?.[Symbol.dispose]();
    if (reason === undefined || response.headersSent) response.destroy();
    else sendProblem(response, "unreachable", reason, id);
  };
  const within = (ms: number, reason: string): void => {
    clearTimeout(timer);
    if (!over) timer = setTimeout(() => end(reason), ms);
  };
  response.once("close", () => end());
  // A viewer that leaves in the middle of a picture is no fault of anybody's; `close` follows.
  response.on("error", () => undefined);
  within(firstPictureMs, "the camera has sent no picture yet");
  view = feed.view({
    picture: (jpeg) => {
      if (over) return;
      within(silenceMs, "the camera sends no pictures");
      write(response, jpeg);
    },
    trouble: (reason) => {
      if (!response.headersSent) end(reason);
    },
  });
  if (over) view[Symbol.dispose]();
}

function write(response: ServerResponse, jpeg: Uint8Array): void {
  if (response.writableNeedDrain) return;
  if (!response.headersSent) {
    response.socket?.setNoDelay(true);
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=frame", Connection: "close" });
    response.write("--frame\r\n");
  }
  response.cork();
  response.write(`Content-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
  response.write(jpeg);
  response.write("\r\n--frame\r\n");
  response.uncork();
}
