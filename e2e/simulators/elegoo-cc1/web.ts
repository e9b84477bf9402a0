// The daemon's HTTP routes, the same on ports 80 and 3030: the page, the upload, stored files and
// pictures of jobs.

import type { IncomingMessage, ServerResponse } from "node:http";
import { basename } from "node:path/posix";
import sharp from "sharp";
import { type HttpHandler, pathOf } from "../net/http.ts";
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
  const body = await readBody(request);
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

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= bodyLimitBytes) parts.push(part);
  }
  return size > bodyLimitBytes ? undefined : Buffer.concat(parts);
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

/** The path with its percent codes resolved; a broken code leaves it as it came. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  // Node leaves the body of a HEAD answer out by itself.
  response.end(body);
}

/** One picture for every job: an orange vase on grey, 160 by 160. */
let thumbnailPng: Promise<Buffer> | undefined;
async function thumbnail(): Promise<Buffer> {
  const vase = "M62 128C30 96 44 76 72 52V34H88V52C116 76 130 96 98 128Z";
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160"><rect width="160" height="160" fill="#39424d"/>
    <path d="${vase}" fill="#fa7624"/><path d="M24 128H136" stroke="#a88d52" stroke-width="4"/></svg>`;
  thumbnailPng ??= sharp(Buffer.from(svg)).resize(160, 160).png().toBuffer();
  return thumbnailPng;
}

/** The shortest thing that calls itself MP4: a file type box. */
const emptyMp4 = Buffer.from("00000014667479706d703432000000006d703432", "hex");
