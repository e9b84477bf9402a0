// `POST /api/v1/streams/{id}/start` and `/stop`: only where the inventory allows them, and never for
// the web page of a stranger. What they do is not decided here.

import type { IncomingMessage, ServerResponse } from "node:http";
import { refusedOrigin } from "@gantry/platform/request-guard";
import * as z from "zod";
import type { StreamStatus } from "../streams/streams.ts";
import { sendProblem } from "./problem.ts";

export interface RemoteControl {
  /** Whether the inventory allows it. */
  readonly allowed: () => boolean;
  /** Keeps a stream running, for so many seconds or until `stop`. */
  readonly start: (id: string, seconds: number | undefined) => void;
  /** Ends a stream and sends its viewers away; the next one starts it again. */
  readonly stop: (id: string) => Promise<void>;
}

export interface RemoteRequest {
  readonly id: string;
  readonly verb: "start" | "stop";
  readonly request: IncomingMessage;
  /** Host names that are answered to besides local ones. */
  readonly allowedHosts: ReadonlySet<string>;
  /** The stream as it is; undefined where there is none. */
  readonly status: () => StreamStatus | undefined;
}

const maxBodyBytes = 1024;

/** A week: what is to run for longer needs no time. */
const inputSchema = z.strictObject({ seconds: z.int().min(1).max(604_800).optional() });

const pattern = /^\/api\/v1\/streams\/([^/]+)\/(start|stop)$/u;

/** The stream and the verb of such an address; undefined for any other. */
export function remoteAddress(path: string): Pick<RemoteRequest, "id" | "verb"> | undefined {
  const [, id, verb] = pattern.exec(path) ?? [];
  return id !== undefined && (verb === "start" || verb === "stop") ? { id, verb } : undefined;
}

/** Answers 202 to a start and 200 to a stop, with the stream. */
export async function answerRemote(
  control: RemoteControl,
  asked: RemoteRequest,
  response: ServerResponse,
): Promise<void> {
  const { id, verb, request, allowedHosts, status } = asked;
  const { origin, host } = request.headers;
  const refused = refusedOrigin(origin, host, allowedHosts);
  if (refused !== undefined) return sendProblem(response, "forbidden", refused);
  if (!control.allowed()) {
    const words = "Streams are not started and stopped from outside; bridge.remote_control in the inventory allows it.";
    return sendProblem(response, "control_disabled", words);
  }
  if (status() === undefined) return sendProblem(response, "not_found", `There is no stream "${id}".`, id);
  const input = inputSchema.safeParse(await readJson(request));
  if (!input.success || (verb === "stop" && input.data.seconds !== undefined)) {
    const words = verb === "start" ? 'The body is {"seconds": 1 to 604800}, or nothing.' : "A stop takes no body.";
    return sendProblem(response, "invalid_input", words, id);
  }
  if (verb === "start") control.start(id, input.data.seconds);
  else await control.stop(id);
  const type = { "Content-Type": "application/json; charset=utf-8" };
  response.writeHead(verb === "start" ? 202 : 200, type).end(JSON.stringify(status() ?? null));
}

/** `{}` for no body; undefined for what is too long or no JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8") as AsyncIterable<string>) {
    text += chunk;
    if (text.length > maxBodyBytes) return undefined;
  }
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
