// The WebSocket side of the daemon: five slots, the text `ping`, the idle rule, answers, pushes, and
// dying of frames it does not know. What commands do is in commands.ts.

import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { applies } from "../elegoo/answer-rules.ts";
import { pathOf } from "../net/http.ts";
import { type CommandContext, commands, knows } from "./commands.ts";
import {
  answerFrame,
  attributesFrame,
  errorFrame,
  frameText,
  readRequest,
  type Request,
  statusFrame,
} from "./frames.ts";
import type { Machine } from "./machine.ts";
import { payloads } from "./payloads.ts";
import type { Printer } from "./printer.ts";
import { statusObject } from "./status.ts";

interface Connection {
  readonly number: number;
  readonly webSocket: WebSocket;
  readonly socket: Duplex;
  idleTimer: NodeJS.Timeout | undefined;
  subscription: NodeJS.Timeout | undefined;
}

const slots = 5;
/** Pushes on change, at most this often. */
const changePushMs = 500;
/** Shortest period a subscription gets. */
const shortestPeriodMs = 100;
/** So many frames the daemon does not know, in so long, and it dies. */
const deadly = { frames: 3, withinMs: 10_000 } as const;

export class SdcpServer implements Disposable {
  readonly #printer: Printer;
  readonly #context: CommandContext;
  readonly #crash: () => void;
  readonly #connections = new Set<Connection>();
  // Neither compression nor subprotocols, as on the real machine.
  readonly #upgrader = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: () => false });
  readonly #late = new Set<NodeJS.Timeout>();
  #changeTimer: NodeJS.Timeout | undefined;
  #lastPushed = "";
  #unknownAt: number[] = [];
  #number = 0;

  constructor(context: CommandContext, crash: () => void) {
    this.#printer = context.printer;
    this.#context = context;
    this.#crash = crash;
  }

  /** Takes an HTTP upgrade: 404 off the path, 500 `too many client` when the slots are taken. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { counters, journal, knobs } = this.#printer;
    socket.on("error", () => socket.destroy());
    const path = pathOf(request);
    const full = this.#connections.size + knobs.foreignSockets >= slots;
    const verdict = path !== "/websocket" ? "404" : full ? "500 too many client" : "101";
    journal.add("websocket", { upgrade: path, headers: request.headers, verdict });
    if (path !== "/websocket") refuse(socket, "404 Not Found", "Not found\n");
    else if (full) {
      counters.sockets.refused += 1;
      refuse(socket, "500 Internal Server Error", "too many client");
    } else this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, socket));
  }

  /** Tells every client that an upload failed: 1 its MD5, 2 its format. */
  reportError(code: 1 | 2): void {
    this.#broadcast(errorFrame(this.#printer, code));
  }

  /** Text to every client as it is, for frames no printer should send. */
  sendRaw(text: string): void {
    for (const { webSocket } of this.#connections) webSocket.send(text);
  }

  /** Ends every socket: RST, plain FIN, or a WebSocket close frame with code 1000. */
  drop(how: "reset" | "fin" | "close"): void {
    for (const { socket, webSocket } of this.#connections) {
      if (how === "close") webSocket.close(1000);
      else if (how === "reset" && socket instanceof Socket) socket.resetAndDestroy();
      else socket.destroy();
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#late) clearTimeout(timer);
    this.#late.clear();
    this.drop("fin");
    this.#unknownAt = [];
  }

  #open(webSocket: WebSocket, socket: Duplex): void {
    const { counters, machine } = this.#printer;
    this.#number += 1;
    const connection: Connection = {
      number: this.#number,
      webSocket,
      socket,
      idleTimer: undefined,
      subscription: undefined,
    };
    this.#connections.add(connection);
    counters.sockets.total += 1;
    this.#countSockets();
    webSocket.on("message", (data, isBinary) => this.#receive(connection, isBinary, textOf(data)));
    webSocket.on("close", (code) => this.#closed(connection, code));
    webSocket.on("error", () => socket.destroy());
    this.#restartIdleTimer(connection);
    this.#changeTimer ??= setInterval(() => this.#pushChange(), changePushMs);
    if (greets(machine)) this.#send(connection, attributesFrame(this.#printer));
  }

  #closed(connection: Connection, code: number): void {
    clearTimeout(connection.idleTimer);
    clearInterval(connection.subscription);
    if (!this.#connections.delete(connection)) return;
    this.#printer.journal.add("websocket", { connection: connection.number, closed: code });
    this.#countSockets();
    if (this.#connections.size > 0) return;
    clearInterval(this.#changeTimer);
    this.#changeTimer = undefined;
  }

  #countSockets(): void {
    const { sockets } = this.#printer.counters;
    sockets.open = this.#connections.size;
    sockets.peak = Math.max(sockets.peak, sockets.open);
  }

  #restartIdleTimer(connection: Connection): void {
    clearTimeout(connection.idleTimer);
    connection.idleTimer = setTimeout(() => connection.webSocket.close(1000), this.#printer.knobs.idleTimeoutMs);
  }

  #receive(connection: Connection, isBinary: boolean, text: string): void {
    const { counters, journal } = this.#printer;
    this.#restartIdleTimer(connection);
    if (text === "ping" && !isBinary) {
      counters.pings += 1;
      journal.add("websocket", { connection: connection.number, text });
      if (!this.#printer.knobs.silence) connection.webSocket.send("pong");
      return;
    }
    const request = isBinary ? "a binary frame" : readRequest(text);
    const fault = typeof request === "string" ? request : this.#objection(request);
    const command = typeof request === "string" ? undefined : request.command;
    journal.add("websocket", { connection: connection.number, text, command, verdict: fault ?? "ok" });
    if (command !== undefined) counters.framesByCommand[command] = (counters.framesByCommand[command] ?? 0) + 1;
    if (typeof request === "string" || fault !== undefined) this.#unknown();
    else this.#obey(connection, request);
  }

  #objection(request: Request): string | undefined {
    const check = payloads[request.command];
    if (check === undefined || !knows(this.#printer, request.command)) return `command ${request.command} is unknown`;
    return check(request.data);
  }

  /** No answer; and the third in quick succession is the daemon's death. */
  #unknown(): void {
    this.#printer.counters.unknownFrames += 1;
    const now = performance.now();
    this.#unknownAt = [...this.#unknownAt.filter((at) => now - at < deadly.withinMs), now];
    if (this.#unknownAt.length >= deadly.frames) this.#crash();
  }

  #obey(connection: Connection, request: Request): void {
    const { knobs } = this.#printer;
    const run = commands[request.command];
    if (run === undefined) return;
    const refusal = applies(knobs.refusedCommand, request.command) ? knobs.refusedCommand?.ack : undefined;
    const data = refusal === undefined ? run(this.#context, request.data) : { Ack: refusal };
    if (request.command === 512) this.#subscribe(connection, Number(request.data["TimePeriod"]));
    const answer = (): void => {
      this.#send(connection, answerFrame(this.#printer, request, data));
      if (request.command === 0) this.#send(connection, statusFrame(this.#printer));
      if (request.command === 1) this.#send(connection, attributesFrame(this.#printer));
    };
    if (applies(knobs.lostAnswer, request.command)) return;
    if (applies(knobs.delayedAnswer, request.command)) this.#later(answer, knobs.delayedAnswer?.milliseconds ?? 0);
    else answer();
  }

  #later(run: () => void, milliseconds: number): void {
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      run();
    }, milliseconds);
    this.#late.add(timer);
  }

  #subscribe(connection: Connection, periodMs: number): void {
    clearInterval(connection.subscription);
    connection.subscription = setInterval(
      () => {
        if (!this.#pushesDead()) this.#send(connection, statusFrame(this.#printer));
      },
      Math.max(periodMs, shortestPeriodMs),
    );
  }

  #pushChange(): void {
    if (this.#pushesDead()) return;
    const status = JSON.stringify(statusObject(this.#printer));
    if (status === this.#lastPushed) return;
    this.#lastPushed = status;
    this.#broadcast(statusFrame(this.#printer));
  }

  #pushesDead(): boolean {
    const { knobs, machine, profile } = this.#printer;
    return knobs.deadPushes || (profile.idlePushesDead && machine.job === undefined);
  }

  #broadcast(frame: Readonly<Record<string, unknown>>): void {
    for (const connection of this.#connections) this.#send(connection, frame);
  }

  #send({ webSocket }: Connection, frame: Readonly<Record<string, unknown>>): void {
    if (this.#printer.knobs.silence) return;
    webSocket.send(frameText(this.#printer, frame));
  }
}

/** Attributes come unasked only while idle or printing, not when paused, stopped, failed or busy. */
function greets(machine: Machine): boolean {
  if (machine.job === undefined) return machine.idle && ![8, 14].includes(machine.printStatus);
  return ![5, 6, 7, 8, 12, 14].includes(machine.printStatus);
}

function refuse(socket: Duplex, status: string, body: string): void {
  const headers = ["Content-Type: text/plain", `Content-Length: ${Buffer.byteLength(body)}`, "Connection: close"];
  socket.end(`HTTP/1.1 ${status}\r\n${headers.join("\r\n")}\r\n\r\n${body}`);
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.from(data as Buffer).toString("utf8");
}
