// The push socket at /sockjs/websocket: raw text frames, nothing before a client has authenticated,
// then the history once, `current` at the client's throttle, and events. It answers pings.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { dropSockets, refuseUpgrade } from "../net/web-sockets.ts";
import { currentDocument } from "./documents.ts";
import type { OctoPrint } from "./octoprint.ts";

/** One step of a client's throttle. */
const stepMs = 500;
/** The machine reports temperatures so often. */
const temperatureMs = 2000;

interface Client {
  readonly socket: WebSocket;
  isKnown: boolean;
  /** Steps between two `current` messages. */
  throttle: number;
  subscribed: boolean;
  sentMs: number;
  temperaturesMs: number;
}

export class PushServer implements Disposable {
  readonly #octoprint: OctoPrint;
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #clients = new Set<Client>();
  readonly #timer: NodeJS.Timeout;
  readonly #listening: Disposable;

  constructor(octoprint: OctoPrint) {
    this.#octoprint = octoprint;
    this.#listening = octoprint.listen((type, payload) => this.#event(type, payload));
    this.#timer = setInterval(() => this.#push(), stepMs / 2);
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { knobs, journal } = this.#octoprint;
    const known = (request.url ?? "").split("?", 1)[0] === "/sockjs/websocket";
    if (!known || knobs.pushRefused || knobs.proxyStatus !== 0) {
      refuseUpgrade(stream);
      return;
    }
    if (knobs.silent) return;
    journal.add("push", { opened: request.url });
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#take(socket));
  }

  drop(how: "close" | "reset"): void {
    dropSockets(this.#clients, how);
  }

  /** Every client gets these words as a frame. */
  sendRaw(frame: string): void {
    for (const { socket } of this.#clients) socket.send(frame);
  }

  /** Every client is told that its login is no longer good. */
  forget(): void {
    this.#octoprint.sessions.clear();
    for (const client of this.#clients) {
      client.isKnown = false;
      this.#send(client, { reauthRequired: { reason: "stale" } });
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#listening[Symbol.dispose]();
    this.drop("reset");
  }

  #take(socket: WebSocket): void {
    const client = { socket, isKnown: false, throttle: 1, subscribed: true, sentMs: 0, temperaturesMs: 0 };
    const { counters, release } = this.#octoprint;
    this.#clients.add(client);
    counters.sockets = this.#clients.size;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#clients.delete(client);
      counters.sockets = this.#clients.size;
    });
    socket.on("message", (data) => this.#receive(client, data));
    const { version } = release;
    this.#send(client, { connected: { version, display_version: version, safe_mode: null, online: true } });
  }

  /** One key a message: `auth` before `throttle` before `subscribe`. */
  #receive(client: Client, data: RawData): void {
    const words = Buffer.isBuffer(data) ? data.toString("utf8") : "";
    const message = parse(words);
    this.#octoprint.journal.add("push", { message: words.replace(/("auth":\s*")[^"]*/u, "$1…") });
    if ("auth" in message) this.#authenticate(client, String(message["auth"]));
    else if (typeof message["throttle"] === "number") client.throttle = Math.max(1, message["throttle"]);
    else if ("subscribe" in message) {
      const { state } = message["subscribe"] as Readonly<Record<string, unknown>>;
      client.subscribed = state !== false && state !== undefined;
    }
  }

  #authenticate(client: Client, token: string): void {
    const session = token.slice(token.indexOf(":") + 1);
    if (!this.#octoprint.sessions.has(session) || this.#octoprint.knobs.keyRevoked) {
      this.#send(client, { reauthRequired: { reason: "stale" } });
      return;
    }
    client.isKnown = true;
    this.#send(client, { history: currentDocument(this.#octoprint, true) });
    this.#send(client, { timelapse: null });
  }

  #push(): void {
    const now = performance.now();
    for (const client of this.#clients) {
      if (!client.isKnown || !client.subscribed || now - client.sentMs < client.throttle * stepMs - 10) continue;
      const due = now - client.temperaturesMs >= temperatureMs;
      client.sentMs = now;
      if (due) client.temperaturesMs = now;
      this.#send(client, { current: currentDocument(this.#octoprint, due) });
    }
  }

  #event(type: string, payload: Readonly<Record<string, unknown>> | null): void {
    for (const client of this.#clients) if (client.isKnown) this.#send(client, { event: { type, payload } });
  }

  #send({ socket }: Client, message: Readonly<Record<string, unknown>>): void {
    if (!this.#octoprint.knobs.pushSilent) socket.send(JSON.stringify(message), () => undefined);
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {}; // the server passes over what is no JSON
  }
}
