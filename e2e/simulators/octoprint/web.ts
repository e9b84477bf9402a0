// OctoPrint's HTTP: who may ask what, which route it is, and how an answer is written. Routes that are
// not simulated are 404, as unknown ones are.

import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { HttpHandler } from "../net/http.ts";
import { forbidden, json, notAllowed, notFound, refuse, type Answer } from "./answers.ts";
import { connectionDocument, jobDocument, profilesDocument, settingsDocument } from "./documents.ts";
import { deleteFile, download, fileCommand, listFiles, showFile, upload } from "./file-routes.ts";
import type { OctoPrint } from "./octoprint.ts";
import { connectionCommand, jobCommand, printerCommand, printerStatus, type Body } from "./printer-routes.ts";

interface Asked {
  /** The path behind the route, decoded. */
  readonly rest: string;
  readonly query: URLSearchParams;
  readonly host: string;
  readonly body: Body;
  readonly form: FormData | undefined;
}

type Route = (octoprint: OctoPrint, asked: Asked) => Answer | Promise<Answer>;

const maxUploadBytes = 1024 * 1024 * 1024;

/** The longest prefix that fits is the route. */
const routes: Readonly<Record<string, Partial<Record<string, Route>>>> = {
  "/api/version": {
    GET: ({ release: { version } }) => json({ api: "0.1", server: version, text: `OctoPrint ${version}` }),
  },
  "/api/login": { POST: (octoprint, { body }) => login(octoprint, body) },
  "/api/connection": {
    GET: (octoprint) => json(connectionDocument(octoprint)),
    POST: (octoprint, { body }) => connectionCommand(octoprint, body),
  },
  "/api/printer": {
    GET: (octoprint, { rest, query }) => printerStatus(octoprint, rest, query),
    POST: (octoprint, { rest, body }) => printerCommand(octoprint, rest, body),
  },
  "/api/job": {
    GET: (octoprint) => json(jobDocument(octoprint)),
    POST: (octoprint, { body }) => jobCommand(octoprint, body),
  },
  "/api/files": { GET: getFiles, POST: postFiles, DELETE: (octoprint, { rest }) => deleteAt(octoprint, rest) },
  "/downloads/files/local": { GET: (octoprint, { rest }) => download(octoprint, rest) },
  "/api/settings": { GET: (octoprint) => privileged(octoprint, json(settingsDocument(octoprint))) },
  "/api/printerprofiles": { GET: (octoprint) => privileged(octoprint, json(profilesDocument)) },
  "/api/system/commands": { GET: (octoprint) => privileged(octoprint, json(systemCommands)) },
};

const systemCommands = {
  core: [
    { action: "restart", name: "Restart OctoPrint", confirm: "You are about to restart the server.", source: "core" },
    { action: "shutdown", name: "Shutdown system", confirm: "You are about to shut down the system.", source: "core" },
  ],
  custom: [],
  plugin: [],
};

export function webHandler(octoprint: OctoPrint): HttpHandler {
  return async (request, response) => {
    const { knobs, journal, counters } = octoprint;
    const url = URL.parse(request.url ?? "/", "http://octoprint");
    const body = await readBody(request);
    counters.requests += 1;
    journal.add("http", { request: `${request.method} ${request.url}`, body: shown(body, request) });
    if (knobs.silent || response.destroyed) return;
    await wait(knobs.answerDelayMs);
    const answer = url === null ? notFound : await answerTo(octoprint, request, url, body);
    if (!(knobs.answersLost && request.method === "POST" && url?.pathname !== "/api/login")) write(response, answer);
  };
}

async function answerTo(octoprint: OctoPrint, request: IncomingMessage, url: URL, body: Buffer): Promise<Answer> {
  const { proxyStatus } = octoprint.knobs;
  if (proxyStatus !== 0) return { status: proxyStatus, bytes: proxyPage, type: "text/html" };
  const prefix = Object.keys(routes)
    .filter((path) => url.pathname === path || url.pathname.startsWith(`${path}/`))
    .toSorted((a, b) => b.length - a.length)[0];
  if (prefix === undefined) return notFound;
  // A stranger is a guest, and a guest may do nothing: never 401.
  if (!isKnown(octoprint, request, url)) return forbidden;
  const route = routes[prefix]?.[request.method ?? ""];
  if (route === undefined) return notAllowed;
  const read = await readAsked(octoprint, request, body);
  if ("status" in read) return read;
  const { host = "" } = request.headers;
  const rest = decoded(url.pathname.slice(prefix.length + 1));
  return route(octoprint, { rest, query: url.searchParams, host, ...read });
}

function isKnown({ apiKey, knobs }: OctoPrint, { headers }: IncomingMessage, url: URL): boolean {
  const bearer = headers.authorization?.replace(/^Bearer /u, "");
  const key = headers["x-api-key"] ?? bearer ?? url.searchParams.get("apikey");
  return key === apiKey && !knobs.keyRevoked;
}

/** The body as a form or as JSON, or what is wrong with it. */
async function readAsked(
  { release }: OctoPrint,
  { method, headers }: IncomingMessage,
  body: Buffer,
): Promise<Pick<Asked, "body" | "form"> | Answer> {
  const type = headers["content-type"] ?? "";
  if (type.startsWith("multipart/form-data")) {
    if (headers["content-length"] === undefined) return lengthRequired;
    return { body: {}, form: await readForm(body, type) };
  }
  if (method !== "POST") return { body: {}, form: undefined };
  const document = parse(body, type);
  if (document !== undefined) return { body: document, form: undefined };
  return refuse(type.includes("json") ? 400 : release.notJsonStatus, "Malformed JSON body in request");
}

function privileged({ knobs }: OctoPrint, answer: Answer): Answer {
  return knobs.fewRights ? forbidden : answer;
}

function login(octoprint: OctoPrint, { passive }: Body): Answer {
  if (octoprint.knobs.loginsLimited) {
    return refuse(429, "You have made too many failed login attempts. Please try again later.");
  }
  if (passive !== true) return forbidden;
  const session = octoprint.login();
  return json({ name: "admin", session, active: true, groups: ["users"], permissions: [], _login_mechanism: "apikey" });
}

function getFiles(octoprint: OctoPrint, { rest, query, host }: Asked): Answer {
  const [location = "", ...path] = rest.split("/");
  if (path.length === 0) return listFiles(octoprint, location, query, host);
  return location === "local" ? showFile(octoprint, path.join("/"), host) : notFound;
}

function postFiles(octoprint: OctoPrint, { rest, body, form, host }: Asked): Answer | Promise<Answer> {
  const [location = "", ...path] = rest.split("/");
  if (path.length > 0) return fileCommand(octoprint, location, path.join("/"), body);
  if (location !== "local") return notFound;
  return upload(octoprint, form ?? new FormData(), host);
}

function deleteAt(octoprint: OctoPrint, rest: string): Answer {
  return rest.startsWith("local/") ? deleteFile(octoprint, rest.slice("local/".length)) : notFound;
}

const proxyPage = Buffer.from("<html><body><h1>Bad Gateway</h1>The server is not available.</body></html>");
const lengthRequired: Answer = {
  status: 411,
  bytes: Buffer.from("<html><title>411: Length Required</title><body>411: Length Required</body></html>"),
  type: "text/html; charset=UTF-8",
};

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= maxUploadBytes) parts.push(part);
  }
  return Buffer.concat(parts);
}

/** @returns undefined where it is no JSON object. */
function parse(body: Buffer, type: string): Body | undefined {
  if (!type.includes("json")) return undefined;
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Body) : undefined;
  } catch {
    return undefined;
  }
}

async function readForm(body: Buffer, type: string): Promise<FormData | undefined> {
  const response = new Response(new Uint8Array(body), { headers: { "Content-Type": type } });
  return response.formData().catch(() => undefined);
}

/** JSON bodies as they came; of an upload only the size. */
function shown(body: Buffer, { headers }: IncomingMessage): string {
  return headers["content-type"]?.includes("json") === true ? body.toString("utf8") : `${body.length} bytes`;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a broken code stays as it came
  }
}

function write(response: ServerResponse, { status, json: value, bytes, type, headers }: Answer): void {
  const body =
    bytes ?? (value === undefined ? Buffer.alloc(0) : Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`));
  const media = type ?? (value === undefined ? "text/plain" : "application/json");
  const length = status === 204 ? {} : { "Content-Length": body.length };
  response.writeHead(status, { "Content-Type": media, ...length, ...headers });
  response.end(status === 204 ? undefined : body);
}
