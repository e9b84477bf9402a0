// `/api/v1/recordings` and `/api/v1/timelapses`: what is kept, listed, downloaded and deleted, for who may
// look through the camera. An id is only ever looked up in the list, and never part of a file's name.

import type { IncomingMessage, ServerResponse } from "node:http";
import { refusedOrigin } from "@gantry/platform/request-guard";
import { sendProblem } from "./problem.ts";
import { sendFile } from "./send-file.ts";
import { challenge, type Visitors } from "./visitors.ts";

/** One thing that is kept. */
export interface KeptItem {
  readonly id: string;
  readonly printer: string;
  /** Name of the job's file, where it is known. */
  readonly job?: string;
  /** Unix ms. */
  readonly startedAtMs: number;
  /** null while it is written. */
  readonly endedAtMs: number | null;
  readonly sizeBytes: number;
  readonly seconds: number | null;
  readonly file: string;
  readonly fileName: string;
}

/** All of one kind. */
export interface Shelf {
  readonly list: () => Promise<readonly KeptItem[]>;
  /** @throws system error */
  readonly remove: (item: KeptItem) => Promise<void>;
}

export interface Library {
  readonly shelves: Readonly<Record<ShelfName, Shelf>>;
  readonly visitors: Visitors;
  /** Whether the inventory allows to delete. */
  readonly mayDelete: () => boolean;
}

type ShelfName = "recordings" | "timelapses";

export interface LibraryAddress {
  readonly shelf: ShelfName;
  /** undefined: the list. */
  readonly id: string | undefined;
}

const pattern = /^\/api\/v1\/(recordings|timelapses)(?:\/([^/]+))?$/u;

/** Undefined for any other address. */
export function libraryAddress(path: string): LibraryAddress | undefined {
  const [, shelf, id] = pattern.exec(path) ?? [];
  return shelf === "recordings" || shelf === "timelapses" ? { shelf, id } : undefined;
}

interface Asked extends LibraryAddress {
  readonly request: IncomingMessage;
  readonly allowedHosts: ReadonlySet<string>;
}

export async function answerLibrary(library: Library, asked: Asked, response: ServerResponse): Promise<void> {
  const { request, id, shelf } = asked;
  const { headers, url, socket } = request;
  const admission = library.visitors.admit({ headers, url, address: socket.remoteAddress ?? "" });
  if (!admission.isAdmitted) {
    if (admission.code === "unauthorized") response.setHeader("WWW-Authenticate", challenge);
    return sendProblem(response, admission.code, admission.words);
  }
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead && (request.method !== "DELETE" || id === undefined)) {
    return sendProblem(response, "not_found", `There is no ${request.method} of /api/v1/${shelf}.`);
  }
  const wanted = new URLSearchParams(url?.split("?", 2)[1] ?? "").get("printer");
  const isWanted = (printer: string): boolean => admission.sees(printer) && (wanted ?? printer) === printer;
  const items = (await library.shelves[shelf].list()).filter(({ printer }) => isWanted(printer));
  if (id === undefined) return sendList(items, response);
  const item = items.find((one) => one.id === id);
  if (item === undefined) return sendProblem(response, "not_found", `There is no "${id}" under /api/v1/${shelf}.`);
  if (isRead) await download(item, request, response);
  else await remove(library, item, asked, response);
}

function sendList(items: readonly KeptItem[], response: ServerResponse): void {
  const body = JSON.stringify({ items: items.map((item) => shown(item)) });
  response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" }).end(body);
}

function shown({ id, printer, job, startedAtMs, endedAtMs, sizeBytes, seconds }: KeptItem): unknown {
  return {
    id,
    printer,
    ...(job === undefined ? {} : { job }),
    startedAt: new Date(startedAtMs).toISOString(),
    endedAt: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
    sizeBytes,
    seconds: seconds === null ? null : Math.round(seconds * 1000) / 1000,
  };
}

async function download(item: KeptItem, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { file, printer, id } = item;
  const fileName = item.job === undefined ? `${printer}_${item.fileName}` : item.fileName;
  try {
    await sendFile(request, response, { file, fileName, type: "video/mp4" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    sendProblem(response, "not_found", `"${id}" was deleted.`);
  }
}

async function remove(library: Library, item: KeptItem, asked: Asked, response: ServerResponse): Promise<void> {
  const { origin, host } = asked.request.headers;
  const refused = refusedOrigin(origin, host, asked.allowedHosts);
  if (refused !== undefined) return sendProblem(response, "forbidden", refused);
  if (!library.mayDelete()) {
    const words = "Nothing is deleted from outside; bridge.remote_control in the inventory allows it.";
    return sendProblem(response, "control_disabled", words);
  }
  if (item.endedAtMs === null) return sendProblem(response, "wrong_phase", "It is still being written.", item.printer);
  await library.shelves[asked.shelf].remove(item);
  response.writeHead(204).end();
}
