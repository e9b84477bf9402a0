// The HTTP side: the methods that have a path, uploads, and stored files with their pictures.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createHash } from "node:crypto";
import sharp from "sharp";
import { type HttpHandler, pathOf } from "../net/http.ts";
import { ApiError, callMethod } from "./methods.ts";
import type { Moonraker } from "./moonraker.ts";

const bodyLimitBytes = 256 * 1024 * 1024;

/** GET or POST path → method; the query gives the parameters. */
const paths: Readonly<Record<string, string>> = {
  "/server/info": "server.info",
  "/printer/info": "printer.info",
  "/server/webcams/list": "server.webcams.list",
  "/server/files/list": "server.files.list",
  "/printer/print/start": "printer.print.start",
  "/printer/firmware_restart": "printer.firmware_restart",
};

export function webHandler(moonraker: Moonraker): HttpHandler {
  return async (request, response) => {
    const path = pathOf(request);
    moonraker.journal.add("http", { request: `${request.method} ${request.url}`, headers: request.headers });
    try {
      if (!moonraker.isAllowed(request.headers["x-api-key"]?.toString())) throw new ApiError(401, "Unauthorized");
      await answer(moonraker, path, request, response);
    } catch (error) {
      const { status, message } = error instanceof ApiError ? error : new ApiError(500, String(error));
      // Over HTTP a text of several lines is told as Unknown, with a traceback for whoever reads it.
      const words = message.includes("\n") ? "Unknown" : message;
      send(response, status, {
        error: { code: status, message: words, traceback: "Traceback (most recent call last): …" },
      });
    }
  };
}

async function answer(
  moonraker: Moonraker,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = paths[path];
  if (method !== undefined) {
    const query = Object.fromEntries(new URL(request.url ?? "/", "http://printer").searchParams);
    send(response, 200, { result: await callMethod(moonraker, method, query, () => undefined) });
  } else if (path === "/server/files/upload" && request.method === "POST") {
    send(response, 201, await upload(moonraker, request));
  } else if (path.startsWith("/server/files/gcodes/") && request.method === "GET") {
    await sendFile(moonraker, decodeURIComponent(path.slice("/server/files/gcodes/".length)), response);
  } else throw new ApiError(404, "Not Found");
}

async function upload(moonraker: Moonraker, request: IncomingMessage): Promise<unknown> {
  const form = await readForm(request);
  const file = form.get("file");
  const text = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  };
  if (!(file instanceof File)) throw new ApiError(400, "No file name specifed in upload form");
  const path = [text("path"), file.name].filter((part) => part !== "").join("/");
  const content = Buffer.from(await file.arrayBuffer());
  const sum = createHash("sha256").update(content).digest("hex");
  const { klippy, knobs, counters } = moonraker;
  moonraker.journal.add("upload", { path, bytes: content.length, checksum: text("checksum"), print: text("print") });
  if (knobs.uploadStatus !== 0) throw new ApiError(knobs.uploadStatus, "Refused");
  if (text("checksum") !== "" && text("checksum") !== sum) throw new ApiError(422, "Unprocessable Entity");
  if (klippy.body.isOccupied && klippy.body.job?.file.path === path) {
    throw new ApiError(403, "File is loaded, upload not permitted");
  }
  const { modified } = moonraker.files.put(path, content);
  counters.uploads += 1;
  const item = { path, root: "gcodes", modified, size: content.length, permissions: "rw" };
  moonraker.notify("notify_filelist_changed", { action: "create_file", item });
  return { item, print_started: false, print_queued: false, action: "create_file" };
}

async function readForm(request: IncomingMessage): Promise<FormData> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitBytes) throw new ApiError(413, "Request Entity Too Large");
    chunks.push(chunk);
  }
  const headers = { "Content-Type": request.headers["content-type"] ?? "" };
  try {
    return await new Response(new Uint8Array(Buffer.concat(chunks)), { headers }).formData();
  } catch {
    throw new ApiError(400, "Invalid form");
  }
}

async function sendFile({ files }: Moonraker, path: string, response: ServerResponse): Promise<void> {
  const picture = /^(?:(.*)\/)?\.thumbs\/(.+)-(\d+)x\3\.png$/u.exec(path);
  const [, folder, name, side] = picture ?? [];
  const file = files.get(picture === null ? path : [folder, name].filter((part) => part !== undefined).join("/"));
  if (file === undefined) throw new ApiError(404, "Not Found");
  const body = picture === null ? file.content : await vase(Number(side));
  const type = picture === null ? "text/plain" : "image/png";
  response.writeHead(200, { "Content-Type": type, "Content-Length": body.length }).end(body);
}

/** An orange vase on grey. */
async function vase(side: number): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160"><rect width="160" height="160" fill="#39424d"/>
    <path d="M62 128C30 96 44 76 72 52V34H88V52C116 76 130 96 98 128Z" fill="#fa7624"/></svg>`;
  return sharp(Buffer.from(svg)).resize(side, side).png().toBuffer();
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) })
    .end(text);
}
