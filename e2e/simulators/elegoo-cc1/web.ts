// The daemon's HTTP routes, the same on ports 80 and 3030: the page, the upload, stored files and
// pictures of jobs.

import type { IncomingMessage, ServerResponse } from "node:http";
import { basename } from "node:path/posix";
import { vasePng } from "../elegoo/vase.ts";
import { decoded, type HttpHandler, pathOf, readBody } from "../net/http.ts";
import type { Printer } from "./printer.ts";
import { type Chunk, chunkFault, type Uploads } from "./uploads.ts";

/** A client that ignores the chunk size of 1 MiB gets so much. */
const bodyLimitBytes = 64 * 1024 * 1024;

const page = `<!doctype html><html><head><meta charset="utf-8"><title>ELEGOO</title></head>
<body><h1>ELEGOO Centauri Carbon</h1><p>A simulated printer.</p></body></html>
`;

export function webHandler(printer: Printer, uploads: Uploads): HttpHandler {
  return async (request, response) => {
    const path = decoded(pathOf(request));
    printer.journal.add("http", { request: `${request.method} ${request.url}`, headers: request.headers });
    if (request.method === "POST" && path === "/uploadFile/upload")
      await receiveChunk(request, response, uploads, printer);
    else if (request.method === "GET" || request.method === "HEAD") await serve(printer, path, response);
    else send(response, 405, "text/plain", "Method not allowed\n");
  };
}

async function serve(printer: Printer, path: string, response: ServerResponse): Promise<void> {
  const file = printer.files.get(path);
  if (path === "/") send(response, 200, "text/html; charset=utf-8", page);
  else if (file !== undefined) send(response, 200, "application/octet-stream", file.content);
  else if (/^\/history_image\/[\w%-]+\.png$/.test(path)) send(response, 200, "image/png", await thumbnail());
  else if (printer.history.tasks.some(({ id }) => path === `/local/aic_tlp/${id}.mp4`)) {
    send(response, 200, "video/mp4", emptyMp4);
  } else send(response, 404, "text/plain", "Not found\n");
}

async function receiveChunk(
  request: IncomingMessage,
  response: ServerResponse,
  uploads: Uploads,
  printer: Printer,
): Promise<void> {
  const body = await readBody(request, bodyLimitBytes);
  const chunk = body === undefined ? undefined : await readChunk(body, request.headers["content-type"] ?? "");
  const fault = chunk === undefined ? chunkFault.unknown : uploads.take(chunk);
  const { content, ...fields } = chunk ?? { content: Buffer.alloc(0) };
  printer.journal.add("upload", { ...fields, bytes: content.length, verdict: fault ?? "ok" });
  // Both outcomes are HTTP 200; only the code tells them apart.
  const answer =
    fault === undefined
      ? { code: "000000", messages: null, data: {}, success: true }
      : { code: "111111", messages: [{ field: "common_field", message: fault }], data: null, success: false };
  send(response, 200, "application/json", JSON.stringify(answer));
}

/** @returns undefined when a field is missing or is no number. */
async function readChunk(body: Buffer, contentType: string): Promise<Chunk | undefined> {
  const form = await new Response(new Uint8Array(body), { headers: { "Content-Type": contentType } })
    .formData()
    .catch(() => undefined);
  const file = form?.get("File");
  if (form === undefined || !(file instanceof File)) return undefined;
  const text = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  };
  const chunk = {
    uuid: text("Uuid"),
    offset: text("Offset") === "" ? Number.NaN : Number(text("Offset")),
    totalSize: Number(text("TotalSize")),
    md5: text("S-File-MD5"),
    check: text("Check") === "1",
    fileName: basename(file.name),
    content: Buffer.from(await file.arrayBuffer()),
  };
  const good = chunk.uuid !== "" && Number.isInteger(chunk.offset) && chunk.totalSize > 0 && chunk.fileName !== "";
  return good ? chunk : undefined;
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  // Node leaves the body of a HEAD answer out by itself.
  response.end(body);
}

/** One picture for every job. */
let thumbnailPng: Promise<Buffer> | undefined;
async function thumbnail(): Promise<Buffer> {
  thumbnailPng ??= vasePng("#fa7624");
  return thumbnailPng;
}

/** The shortest thing that calls itself MP4: a file type box. */
const emptyMp4 = Buffer.from("00000014667479706d703432000000006d703432", "hex");
