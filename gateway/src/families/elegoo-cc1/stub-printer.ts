// A printer of a few lines for this family's tests: it records everything and answers what a test
// tells it to. The faithful one is the simulator of the end-to-end tests.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import { FakeClock } from "@gantry/platform/fake-clock";
import { silentLog, type Log } from "@gantry/platform/log";
import { WebSocketServer, type WebSocket } from "ws";
import { commandRow, type CommandName, type HandlerOptions } from "../../model/commands.ts";
import type { Capabilities } from "../../model/capabilities.ts";
import type { Identity, Readings } from "../../model/printer.ts";
import { connect } from "./connect.ts";
import { connection } from "./connection.ts";
import type { CentauriSession } from "./session.ts";

interface Sent {
  readonly cmd: number;
  readonly data: unknown;
  readonly requestId: string;
}

type Json = Readonly<Record<string, unknown>>;
/** Answers one HTTP request; the body was read. */
type Web = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;

export class StubPrinter implements AsyncDisposable {
  readonly http: Server = createServer((request, response) => void this.#serve(request, response));
  readonly sent: Sent[] = [];
  readonly words: string[] = [];
  readonly fetched: string[] = [];
  socket: WebSocket | undefined;
  sockets = 0;
  mainboardId = "0a1b";
  currentStatus = [0];
  subStatus = 0;
  firmware = "V1.1.46";
  /** More of the status, of its PrintInfo and of the attributes. */
  status: Json = {};
  info: Json = { Filename: "cube.gcode" };
  attributes: Json = {};
  /** Ack by command; null: silence. */
  acks: Record<number, number | null> = {};
  /** The rest of the answer by command. */
  answers: Record<number, Json | ((data: Json) => Json)> = {};
  refuse: string | undefined;
  /** Answers HTTP before the body has come. */
  hasty = false;
  web: Web = (_request, _body, response) => void response.writeHead(404).end();
  port = 0;

  async listen(): Promise<number> {
    this.attach();
    this.http.listen(0, "127.0.0.1");
    await once(this.http, "listening");
    this.port = (this.http.address() as AddressInfo).port;
    return this.port;
  }

  /** Takes WebSockets on its server, wherever that listens. */
  attach(): void {
    const sockets = new WebSocketServer({ noServer: true });
    this.http.on("upgrade", (request, stream, head) => {
      this.sockets += 1;
      if (this.refuse !== undefined) {
        stream.end(`HTTP/1.1 500 Internal Server Error\r\nContent-Length: ${this.refuse.length}\r\n\r\n${this.refuse}`);
      } else sockets.handleUpgrade(request, stream, head, (socket) => this.#take(socket));
    });
  }

  push(): void {
    const PrintInfo = { Status: this.subStatus, ...this.info };
    const Status = { CurrentStatus: this.currentStatus, ...this.status, PrintInfo };
    this.socket?.send(JSON.stringify({ Status, MainboardID: this.mainboardId }));
  }

  /** Reports that an upload failed. */
  reportError(code: number): void {
    this.socket?.send(JSON.stringify({ Data: { Data: { ErrorCode: code } }, Topic: "sdcp/error/0a1b" }));
  }

  commands(): number[] {
    return this.sent.map(({ cmd }) => cmd);
  }

  /** What the last request of this number carried. */
  last(cmd: number): unknown {
    return this.sent.findLast((sent) => sent.cmd === cmd)?.data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket?.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => void this.http.close(resolve));
  }

  #take(socket: WebSocket): void {
    this.socket = socket;
    socket.on("message", (raw: Buffer) => {
      const word = raw.toString();
      if (word === "ping") {
        this.words.push(word);
        return socket.send("pong");
      }
      const { Data } = JSON.parse(word) as { Data: { Cmd: number; Data: Json; RequestID: string } };
      this.sent.push({ cmd: Data.Cmd, data: Data.Data, requestId: Data.RequestID });
      this.#answer(socket, Data.Cmd, Data.Data, Data.RequestID);
    });
  }

  #answer(socket: WebSocket, cmd: number, data: Json, requestId: string): void {
    const ack = this.acks[cmd] ?? 0;
    if (this.acks[cmd] === null) return;
    const answer = this.answers[cmd] ?? {};
    const more = typeof answer === "function" ? answer(data) : answer;
    socket.send(JSON.stringify({ Id: "x", Data: { Cmd: cmd, Data: { Ack: ack, ...more }, RequestID: requestId } }));
    if (cmd === 0) this.push();
    if (cmd === 1) {
      const { firmware: FirmwareVersion, mainboardId: MainboardID } = this;
      const Attributes = { MachineName: "Centauri Carbon", FirmwareVersion, MainboardID, ...this.attributes };
      socket.send(JSON.stringify({ Attributes, MainboardID: this.mainboardId }));
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    if (this.hasty) return this.web(request, Buffer.alloc(0), response);
    try {
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    } catch {
      return; // the client went away
    }
    this.fetched.push(`${request.method} ${request.url}`);
    this.web(request, Buffer.concat(parts), response);
  }
}

/** A stub, a clock that stands still, and whatever a session with it told. */
export class Bench implements AsyncDisposable {
  readonly stub = new StubPrinter();
  readonly clock = new FakeClock();
  readonly readings: Readings[] = [];
  readonly identities: Identity[] = [];
  readonly #life = new AbortController();
  has: Capabilities = new Set();
  #session: CentauriSession | undefined;

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  get session(): CentauriSession {
    assert.ok(this.#session !== undefined);
    return this.#session;
  }

  /** A session whose handshake is over. */
  static async open(prepare: (stub: StubPrinter) => void = () => undefined): Promise<Bench> {
    const bench = new Bench();
    await bench.stub.listen();
    prepare(bench.stub);
    await bench.connect();
    await until(() => bench.stub.commands().includes(512));
    return bench;
  }

  async connect(more: Json = {}, log: Log = silentLog): Promise<CentauriSession> {
    const { port } = this.stub;
    this.#session = await connect({
      connection: connection.parse({
        host: "127.0.0.1",
        port,
        http_port: port,
        mainboard_id: "0a1b",
        search: [],
        ...more,
      }),
      signal: this.signal,
      clock: this.clock,
      log,
      dataFolder: "unused",
      report: (reading) => this.readings.push(reading),
      identify: (identity, has) => {
        this.identities.push(identity);
        this.has = has;
      },
    });
    return this.#session;
  }

  /** Has the printer tell its status now, and waits until it was read. */
  async push(): Promise<Readings | undefined> {
    const seen = this.readings.length;
    this.stub.push();
    await until(() => this.readings.length > seen);
    return this.readings.at(-1);
  }

  /** Asks for a command as the gate would, and lets time pass until it is answered. */
  async ask(name: CommandName, input: Json = {}, more: Partial<HandlerOptions> = {}): Promise<Json> {
    const handler = this.session.handlers[name] as
      | ((input: unknown, options: HandlerOptions) => Promise<Json>)
      | undefined;
    assert.ok(handler !== undefined, name);
    // What the row refuses, the handler must refuse as well.
    const { data = input } = commandRow(name).input.safeParse(input);
    return this.passing(handler(data, { signal: this.signal, ...more }));
  }

  /** Lets time pass until it settles, slowly enough for answers to come over loopback meanwhile. */
  async passing<Result>(work: Promise<Result>): Promise<Result> {
    const state = { settled: false };
    const done = (): void => void (state.settled = true);
    work.then(done, done);
    const deadline = Date.now() + 30_000;
    while (!state.settled) {
      assert.ok(Date.now() < deadline, "it never settled");
      await pause(1);
      await this.clock.advance(50);
    }
    return work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    await this.#session?.[Symbol.asyncDispose]();
    await this.stub[Symbol.asyncDispose]();
  }
}

/** @throws AssertionError when it never becomes true */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, "it never happened");
    await turn();
  }
}
