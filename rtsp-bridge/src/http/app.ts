// The bridge over HTTP: health, readiness, metrics, streams. On Node's own server, because a handful of
// addresses needs no framework, and one would be a sixth of the bridge's memory.

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Log } from "@gantry/platform/log";
import { isSame, presentedBy } from "@gantry/platform/presented";
import { refusedHost } from "@gantry/platform/request-guard";
import type { Registry } from "prom-client";
import type { PictureFeed, StreamStatus } from "../streams/streams.ts";
import type { RecordingStatus } from "../recordings/recorder.ts";
import { sendFrames } from "./frames.ts";
import { answerLibrary, libraryAddress, type Library } from "./library.ts";
import { sendProblem } from "./problem.ts";
import { answerRemote, remoteAddress, type RemoteControl } from "./remote-control.ts";

export interface AppOptions {
  readonly streams: () => readonly StreamStatus[];
  /** Pictures of a camera that sends video; undefined for a stream that is not there. */
  readonly frames: (id: string) => PictureFeed | undefined;
  /** What the gateway must show to see pictures; undefined: anybody may. */
  readonly key: () => string | undefined;
  readonly remote: RemoteControl;
  /** Whether a stream is recorded; null for one that never is. */
  readonly recording: (id: string) => RecordingStatus | null;
  readonly library: Library;
  /** Host names, besides addresses and local names, under which the bridge is asked; lower case. */
  readonly allowedHosts: () => readonly string[];
  readonly mediamtxUp: () => boolean;
  /** Why the bridge cannot do its work, in words; empty: it can. */
  readonly unready: () => readonly string[];
  /** Loaded when they are first asked for: most of what they need is needed by nothing else. */
  readonly metrics: () => Promise<Registry>;
  readonly log: Log;
}

const streamsPath = "/api/v1/streams";
const framesPath = /^\/api\/v1\/streams\/([^/]+)\/frames\.mjpeg$/u;

export function createApp(options: AppOptions): RequestListener {
  return (request, response) => {
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Content-Type-Options", "nosniff");
    answer(options, request, response).catch((error: unknown) => {
      options.log.error("a request failed", { method: request.method, path: pathOf(request.url ?? ""), error });
      if (response.headersSent) response.destroy();
      else sendProblem(response, "internal", "The bridge could not answer; its log says why.");
    });
  };
}

async function answer(options: AppOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = pathOf(request.url ?? "/");
  if (path === undefined) {
    sendProblem(response, "invalid_input", "The address cannot be decoded.");
    return;
  }
  const allowedHosts = new Set(options.allowedHosts());
  const refused = path.startsWith("/api/") ? refusedHost(request.headers.host, allowedHosts) : undefined;
  if (refused !== undefined) {
    sendProblem(response, "forbidden", refused);
    return;
  }
  const kept = libraryAddress(path);
  if (kept !== undefined) return answerLibrary(options.library, { ...kept, request, allowedHosts }, response);
  const remote = request.method === "POST" ? remoteAddress(path) : undefined;
  if (remote !== undefined) {
    const status = (): StreamStatus | undefined => options.streams().find(({ id }) => id === remote.id);
    return answerRemote(options.remote, { ...remote, request, allowedHosts, status }, response);
  }
  const isRead = request.method === "GET" || request.method === "HEAD";
  const pictures = isRead ? framesPath.exec(path)?.[1] : undefined;
  if (pictures !== undefined) showFrames(options, pictures, request, response);
  else if (!isRead || !(await show(options, path, response))) {
    sendProblem(response, "not_found", `There is no ${request.method} ${path}.`);
  }
}

/** False for a path that is not there. */
async function show(options: AppOptions, path: string, response: ServerResponse): Promise<boolean> {
  if (path.startsWith(`${streamsPath}/`)) {
    showStream(options, path.slice(streamsPath.length + 1), response);
    return true;
  }
  switch (path) {
    case "/healthz":
      sendJson(response, 200, { status: "ok", mediamtx: options.mediamtxUp() ? "up" : "down" });
      return true;
    case "/readyz": {
      const reasons = options.unready();
      if (reasons.length === 0) sendJson(response, 200, { status: "ready" });
      else sendJson(response, 503, { status: "not ready", reasons });
      return true;
    }
    case "/metrics": {
      const registry = await options.metrics();
      response.writeHead(200, { "Content-Type": registry.contentType }).end(await registry.metrics());
      return true;
    }
    case streamsPath:
      sendJson(response, 200, { items: options.streams().map((stream) => streamDocument(options, stream)) });
      return true;
    default:
      return false;
  }
}

function streamDocument({ recording }: AppOptions, stream: StreamStatus): unknown {
  return { ...stream, recording: recording(stream.id) };
}

function showStream(options: AppOptions, id: string, response: ServerResponse): void {
  const stream = options.streams().find((known) => known.id === id);
  if (stream === undefined) sendProblem(response, "not_found", `There is no stream "${id}".`, id);
  else sendJson(response, 200, streamDocument(options, stream));
}

function showFrames(options: AppOptions, id: string, request: IncomingMessage, response: ServerResponse): void {
  const key = options.key();
  const feed = options.frames(id);
  if (key !== undefined && !isSame(presentedBy(request)?.secret ?? "", key)) {
    sendProblem(response, "unauthorized", "These pictures are for the gateway: ask it for them.", id);
  } else if (feed === undefined) sendProblem(response, "not_found", `There is no stream "${id}".`, id);
  else if (request.method === "HEAD") response.writeHead(200).end();
  else sendFrames(response, feed, id);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}

/** Decoded, without the query and a slash at the end; undefined when it cannot be decoded. */
function pathOf(target: string): string | undefined {
  try {
    return decodeURIComponent(target.split("?", 1)[0] ?? "").replace(/(?<=.)\/$/u, "");
  } catch {
    return undefined;
  }
}
