// The WebSocket side: JSON-RPC requests in, answers and notifications out, status deltas four times
// a second to those who subscribed. Anyone may open a socket; the key is judged at each request.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { dropSockets, refuseUpgrade } from "../net/web-sockets.ts";
import { ApiError, callMethod } from "./methods.ts";
import type { Moonraker } from "./moonraker.ts";
import { select, statusObjects, type Fields } from "./objects.ts";

const pushMs = 250;
const loadMs = 1000;

/** What JSON-RPC makes of some HTTP statuses (seen on 0.11). */
const rpcCodes: Readonly<Record<number, number>> = { 401: -32_602, 404: -32_601 };

interface Client {
  readonly socket: WebSocket;
  readonly key: string | undefined;
  query: Readonly<Record<string, unknown>> | undefined;
  sent: Record<string, Record<string, unknown>>;
}

export class Sockets implements Disposable {
  readonly #moonraker: Moonraker;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #clients = new Set<Client>();
  readonly #timers: NodeJS.Timeout[];
  readonly #listening: Disposable;

  constructor(moonraker: Moonraker) {
    this.#moonraker = moonraker;
    this.#listening = moonraker.listen((method, params) => this.#notify(method, params));
    const load = { moonraker_stats: { cpu_usage: 2 }, websocket_connections: 1 };
    this.#timers = [
      setInterval(() => this.#push(), pushMs),
      setInterval(() => this.#notify("notify_proc_stat_update", [load]), loadMs),
    ];
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const path = (request.url ?? "").split("?", 1)[0];
    if (path !== "/websocket") {
      refuseUpgrade(stream);
      return;
    }
    const key = request.headers["x-api-key"];
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#take(socket, key?.toString()));
  }

  /** Cuts every socket. */
  drop(how: "close" | "reset"): void {
    dropSockets(this.#clients, how);
  }

  /** Every client gets these words as a frame. */
  sendRaw(frame: string): void {
    for (const { socket } of this.#clients) socket.send(frame);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#listening[Symbol.dispose]();
    this.drop("reset");
  }

  #take(socket: WebSocket, key: string | undefined): void {
    const client: Client = { socket, key, query: undefined, sent: {} };
    const { counters, journal } = this.#moonraker;
    this.#clients.add(client);
    counters.sockets = this.#clients.size;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#clients.delete(client);
      counters.sockets = this.#clients.size;
    });
    socket.on("message", (data: RawData) => {
      // oxlint-disable-next-line typescript/no-base-to-string -- a frame of text comes as a Buffer
      const text = data.toString();
      journal.add("websocket", { frame: text });
      void this.#answer(client, text);
    });
  }

  async #answer(client: Client, text: string): Promise<void> {
    const { knobs, counters } = this.#moonraker;
    const request = parsed(text);
    if (knobs.silent || request === undefined) return;
    counters.requests += 1;
    const answer = await this.#run(client, request);
    if (knobs.lost.delete(request.method) || knobs.lost.has("*")) return;
    const lateMs = knobs.late.get(request.method) ?? 0;
    if (lateMs > 0) await new Promise((resolve) => void setTimeout(resolve, lateMs));
    client.socket.send(JSON.stringify({ jsonrpc: "2.0", ...answer, id: request.id }));
  }

  async #run(client: Client, { method, params }: Request): Promise<{ result: unknown } | { error: unknown }> {
    const { knobs, counters } = this.#moonraker;
    try {
      if (!this.#moonraker.isAllowed(client.key)) throw new ApiError(401, "Unauthorized");
      const refusal = knobs.refused.get(method);
      if (refusal !== undefined) throw new ApiError(400, refusal);
      return { result: await callMethod(this.#moonraker, method, params, (query) => this.#subscribe(client, query)) };
    } catch (error) {
      const { status, message } = error instanceof ApiError ? error : new ApiError(500, String(error));
      if (message === "Method not found") counters.unknownMethods += 1;
      return { error: { code: rpcCodes[status] ?? status, message } };
    }
  }

  #subscribe(client: Client, query: Readonly<Record<string, unknown>>): void {
    client.query = query;
    client.sent = select(statusObjects(this.#moonraker.klippy), query);
  }

  #notify(method: string, params: readonly unknown[]): void {
    if (method === "notify_klippy_disconnected") for (const client of this.#clients) client.query = undefined;
    if (this.#moonraker.knobs.silent) return;
    const frame = JSON.stringify({ jsonrpc: "2.0", method, ...(params.length > 0 && { params }) });
    for (const { socket, key } of this.#clients) {
      if (key !== undefined && socket.readyState === WebSocket.OPEN) socket.send(frame);
    }
  }

  #push(): void {
    const { klippy, knobs } = this.#moonraker;
    if (knobs.silent || knobs.deadPushes || klippy.state === "disconnected") return;
    const objects = statusObjects(klippy);
    for (const client of this.#clients) {
      if (client.query === undefined) continue;
      const now = select(objects, client.query);
      const changed = difference(client.sent, now);
      client.sent = now;
      if (Object.keys(changed).length === 0) continue;
      const params = [changed, performance.now() / 1000];
      client.socket.send(JSON.stringify({ jsonrpc: "2.0", method: "notify_status_update", params }));
    }
  }
}

interface Request {
  readonly method: string;
  readonly params: Fields;
  readonly id: unknown;
}

function parsed(text: string): Request | undefined {
  try {
    const { method, params = {}, id } = JSON.parse(text) as Record<string, unknown>;
    return typeof method === "string" ? { method, params: params as Fields, id } : undefined;
  } catch {
    return undefined; // no request: the journal has it
  }
}

/** The fields that are not as they were. */
function difference(before: Client["sent"], now: Client["sent"]): Record<string, unknown> {
  const objects = Object.entries(now).flatMap(([name, values]) => {
    const old = before[name] ?? {};
    const changed = Object.entries(values).filter(([key, value]) => !isDeepStrictEqual(old[key], value));
    return changed.length === 0 ? [] : [[name, Object.fromEntries(changed)] as const];
  });
  return Object.fromEntries(objects);
}
