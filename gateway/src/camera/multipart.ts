// Writes a viewer's frames to an HTTP response as multipart/x-mixed-replace. It holds no frame
// back: while the socket is full none is taken, and the viewer's queue gives up the older ones.

import type { ServerResponse } from "node:http";
import type { Frame } from "./hub.ts";

export interface MultipartOptions {
  /** Longest time that one frame may take to leave for the viewer, ms; then it is cut off. */
  readonly drainMs?: number;
}

const headers = {
  "content-type": "multipart/x-mixed-replace; boundary=frame",
  "cache-control": "no-store, no-cache, must-revalidate, private",
  pragma: "no-cache",
  expires: "0",
  // A proxy that gathers the answer would show nothing, or old pictures.
  "x-accel-buffering": "no",
  connection: "close",
} as const;

/**
 * Answers with `frames` until they end, the viewer leaves, the signal aborts, or the viewer takes
 * nothing for `drainMs`. Ends `frames` in every case, for which their `return` must work while a
 * `next` is pending, as that of a hub's frames does. Rejects only with an error of `frames`.
 */
export async function writeMultipart(
  response: ServerResponse,
  frames: AsyncIterable<Frame>,
  signal: AbortSignal,
  { drainMs = 30_000 }: MultipartOptions = {},
): Promise<void> {
  const iterator = frames[Symbol.asyncIterator]();
  const stop = (): void => void iterator.return?.();
  response.once("close", stop);
  response.on("error", ignore);
  signal.addEventListener("abort", stop);
  try {
    begin(response);
    while (!signal.aborted && !response.destroyed) {
      const { done, value: frame } = await iterator.next();
      if (done === true) break;
      writePart(response, frame.jpeg);
      if (response.writableNeedDrain && !(await drained(response, signal, drainMs))) break;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    response.off("close", stop);
    await iterator.return?.();
    finish(response);
  }
}

function begin(response: ServerResponse): void {
  response.socket?.setNoDelay(true);
  // The end of the connection ends the answer: simple viewers do not know chunks.
  response.useChunkedEncodingByDefault = false;
  response.writeHead(200, headers);
  response.flushHeaders();
  response.write("--frame\r\n");
}

/** The boundary goes out behind each picture: browsers show a picture when they see the next one begin. */
function writePart(response: ServerResponse, jpeg: Uint8Array): void {
  response.cork();
  response.write(`Content-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
  response.write(jpeg);
  response.write("\r\n--frame\r\n");
  response.uncork();
}

/** Waits until everything written has left. False when it has not: too slow, gone or aborted. */
function drained(response: ServerResponse, signal: AbortSignal, drainMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (result: boolean): void => {
      clearTimeout(timer);
      response.off("drain", onDrain);
      response.off("close", onEnd);
      signal.removeEventListener("abort", onEnd);
      resolve(result);
    };
    const onDrain = (): void => settle(true);
    const onEnd = (): void => settle(false);
    const timer = setTimeout(onEnd, drainMs);
    response.on("drain", onDrain);
    response.on("close", onEnd);
    signal.addEventListener("abort", onEnd);
    if (response.destroyed || signal.aborted) onEnd();
  });
}

function finish(response: ServerResponse): void {
  // What a viewer did not take by now it will not take: `end` would wait for it.
  if (response.writableNeedDrain) response.destroy();
  else response.end();
}

function ignore(): void {
  // A viewer that leaves in the middle of a picture is no fault of anybody's; `close` follows.
}
