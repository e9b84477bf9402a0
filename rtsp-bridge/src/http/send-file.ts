// One file over HTTP, whole or a part of it (RFC 9110, 14), as it is at that moment: what grows meanwhile
// is not waited for.

import { open } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { sendProblem } from "./problem.ts";
import { rangeOf } from "./range.ts";

export interface SentFile {
  readonly file: string;
  /** Under which a browser saves it. */
  readonly fileName: string;
  readonly type: string;
}

/** Resolves when all is sent or the client is gone. @throws system error of the file before anything is sent */
export async function sendFile(request: IncomingMessage, response: ServerResponse, sent: SentFile): Promise<void> {
  await using opened = await open(sent.file, "r");
  const { size, mtimeMs, mtime } = await opened.stat();
  const tag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`;
  const condition = request.headers["if-range"];
  const isSame = condition === undefined || condition === tag;
  const range = isSame ? rangeOf(request.headers.range, size) : undefined;
  response.setHeader("Accept-Ranges", "bytes");
  if (range === "none") {
    response.setHeader("Content-Range", `bytes */${size}`);
    sendProblem(response, "invalid_range", `It has ${size} bytes.`);
    return;
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  response.writeHead(range === undefined ? 200 : 206, {
    "Content-Type": sent.type,
    "Content-Length": end - start + 1,
    "Content-Disposition": `inline; filename*=UTF-8''${encodeName(sent.fileName)}`,
    "Last-Modified": mtime.toUTCString(),
    ETag: tag,
    ...(range === undefined ? {} : { "Content-Range": `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === "HEAD" || size === 0) {
    response.end();
    return;
  }
  // Its only fault here is a client that leaves.
  await pipeline(opened.createReadStream({ start, end, autoClose: false }), response).catch(() => response.destroy());
}

/** RFC 8187. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll(/['()*]/gu, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
