// The daemon's HTTP on port 80: the upload, the serial number for those who know the access code, and
// finished time-lapses with the real answer's broken framing. Everything else is 404.

import type { IncomingMessage, ServerResponse } from "node:http";
import { decoded, type HttpHandler, pathOf, readBody } from "../net/http.ts";
import { errorCode } from "./errors.ts";
import { video } from "./history.ts";
import { passwordOf, type Printer } from "./printer.ts";
import type { Chunk, Uploads } from "./uploads.ts";

/** Of a chunk that names its range. */
const chunkLimitBytes = 1024 * 1024;
/** Of a whole file sent at once. */
const bodyLimitBytes = 256 * 1024 * 1024;
const videoChunkBytes = 32 * 1024;

export function webHandler(printer: Printer, uploads: Uploads): HttpHandler {
  return async (request, response) => {
    const { url, method, headers } = request;
    printer.journal.add("http", { request: `${method} ${withoutToken(url)}`, headers: withoutTokenHeader(headers) });
    const path = pathOf(request);
    if (path === "/upload" && method === "PUT") await receiveChunk(request, response, { printer, uploads });
    else if (path === "/system/info" && method === "GET") tellSerial(request, response, printer);
    else if (path === "/download" && method === "GET") sendVideo(request, printer);
    else send(response, 404, "Not Found");
  };
}

function tellSerial(request: IncomingMessage, response: ServerResponse, printer: Printer): void {
  const { knobs, profile, serial } = printer;
  const header = profile.queryTokenOnly ? undefined : request.headers["x-token"];
  if (knobs.systemInfoMissing) send(response, 404, "Not Found");
  else if ((queryOf(request).get("X-Token") ?? header) !== passwordOf(printer)) send(response, 401, unauthorized);
  else send(response, 200, JSON.stringify({ error_code: errorCode.ok, system_info: { sn: serial } }));
}

const unauthorized = JSON.stringify({ error_code: errorCode.notRegistered, error_msg: "Unauthorized" });

async function receiveChunk(
  request: IncomingMessage,
  response: ServerResponse,
  { printer, uploads }: { readonly printer: Printer; readonly uploads: Uploads },
): Promise<void> {
  const body = await readBody(request, bodyLimitBytes);
  const token = request.headers["x-token"];
  // Without a code of its own the printer takes files from older slicers, which send no token.
  const known = token === passwordOf(printer) || (printer.accessCode === "" && token === undefined);
  if (!known) return send(response, 401, unauthorized);
  const chunk = body === undefined ? "too long" : readChunk(request, body);
  if (chunk === "too long") return send(response, 413, "Payload Too Large");
  const code = chunk === "wrong range" ? errorCode.offsetMismatch : uploads.take(chunk);
  const told = chunk === "wrong range" ? chunk : { ...chunk, content: chunk.content.length };
  printer.journal.add("upload", { chunk: told, verdict: code });
  const lastByte = chunk === "wrong range" ? 0 : chunk.firstByte + chunk.content.length - 1;
  send(
    response,
    200,
    JSON.stringify(code === errorCode.ok ? { error_code: code, offset: lastByte } : { error_code: code }),
  );
}

function readChunk({ headers }: IncomingMessage, content: Buffer): Chunk | "wrong range" | "too long" {
  const fileName = decoded(String(headers["x-file-name"] ?? "upload.gcode"));
  const md5 = headers["x-file-md5"];
  const rest = { fileName, content, md5: typeof md5 === "string" ? md5 : undefined };
  const range = headers["content-range"];
  if (range === undefined) return { ...rest, firstByte: 0, totalBytes: content.length };
  if (content.length > chunkLimitBytes) return "too long";
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range) ?? [];
  const chunk = { ...rest, firstByte: Number(first), totalBytes: Number(total) };
  return Number(last) - chunk.firstByte + 1 === content.length ? chunk : "wrong range";
}

/**
 * A length and chunks in one answer, and the connection stays open after them. A wrong token or name is
 * answered with silence. Past Node's response, which would not write such a thing.
 */
function sendVideo(request: IncomingMessage, printer: Printer): void {
  const query = queryOf(request);
  const name = query.get("file_name") ?? "";
  const { socket } = request;
  const task = printer.history.findByVideo(name);
  if (query.get("X-Token") !== passwordOf(printer) || task?.rendered !== true) return;
  const head = ["HTTP/1.1 200 OK", "Content-Type: application/octet-stream", `Content-Length: ${video.length}`];
  socket.write(`${[...head, "Transfer-Encoding: chunked", "Connection: close"].join("\r\n")}\r\n\r\n`);
  for (let at = 0; at < video.length; at += videoChunkBytes) {
    const part = video.subarray(at, at + videoChunkBytes);
    socket.write(`${part.length.toString(16)}\r\n`);
    socket.write(part);
    socket.write("\r\n");
  }
  socket.write("0\r\n\r\n");
}

function queryOf({ url = "" }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url.split("?").slice(1).join("?"));
}

function withoutToken(url = ""): string {
  return url.replace(/(X-Token=)[^&]*/gi, "$1***");
}

function withoutTokenHeader(headers: IncomingMessage["headers"]): IncomingMessage["headers"] {
  return headers["x-token"] === undefined ? headers : { ...headers, "x-token": "***" };
}

function send(response: ServerResponse, status: number, body: string): void {
  const type = body.startsWith("{") ? "application/json" : "text/plain";
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) }).end(body);
}
