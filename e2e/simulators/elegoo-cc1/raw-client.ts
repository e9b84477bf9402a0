// A bare client of the simulated daemon for the tests beside it: sends text, keeps what came. It
// shares nothing with any driver.

import { once } from "node:events";
import { WebSocket } from "ws";
import { until } from "../../scenarios/harness/until.ts";
import { type LaunchedSimulator, type LaunchOptions, startSimulator } from "../launch.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A printer on free ports, its own time standing still unless `speed` says otherwise. */
export async function startPrinter(options: Partial<LaunchOptions> = {}): Promise<LaunchedSimulator> {
  return startSimulator({ family: "elegoo-cc1", ports: { main: 0 }, speed: 0.001, ...options });
}

export class RawClient implements AsyncDisposable {
  readonly webSocket: WebSocket;
  /** Text of every frame, in order. */
  readonly texts: string[] = [];
  closed: { readonly code: number } | undefined;
  #requests = 0;

  private constructor(url: string) {
    this.webSocket = new WebSocket(url);
    this.webSocket.on("message", (data: Buffer) => this.texts.push(data.toString("utf8")));
    this.webSocket.on("close", (code) => (this.closed = { code }));
    this.webSocket.on("error", () => {});
  }

  static async connect({ host, ports }: LaunchedSimulator): Promise<RawClient> {
    const client = new RawClient(`ws://${host}:${ports["main"]}/websocket`);
    await once(client.webSocket, "open");
    return client;
  }

  /** Every frame that is one JSON object. */
  get frames(): readonly Json[] {
    return this.texts.flatMap((text) => {
      try {
        return [JSON.parse(text) as Json];
      } catch {
        return [];
      }
    });
  }

  get statuses(): readonly Json[] {
    return this.frames.flatMap(({ Status }) => (Status === undefined ? [] : [Status as Json]));
  }

  get attributes(): readonly Json[] {
    return this.frames.flatMap(({ Attributes }) => (Attributes === undefined ? [] : [Attributes as Json]));
  }

  /** Sends a request as the vendor's web page does. @returns its RequestID. */
  send(command: number, data: unknown = {}): string {
    this.#requests += 1;
    const requestId = String(this.#requests).padStart(32, "0");
    const envelope = { Cmd: command, Data: data, RequestID: requestId, MainboardID: "", TimeStamp: 1, From: 1 };
    this.webSocket.send(JSON.stringify({ Id: "", Data: envelope }));
    return requestId;
  }

  /** The answer to a request that was sent. */
  answerTo(requestId: string): Json | undefined {
    const envelopes = this.frames.map((frame) => (frame["Data"] ?? {}) as Json);
    return envelopes.find(({ RequestID }) => RequestID === requestId)?.["Data"] as Json | undefined;
  }

  /** Sends a request and waits for `Data.Data` of its answer. */
  async ask(command: number, data: unknown = {}): Promise<Json> {
    const requestId = this.send(command, data);
    return until(`an answer to command ${command}`, () => this.answerTo(requestId));
  }

  async ack(command: number, data: unknown = {}): Promise<unknown> {
    return (await this.ask(command, data))["Ack"];
  }

  /** The status the printer gives when asked. */
  async status(): Promise<Json> {
    const before = this.statuses.length;
    this.send(0);
    await until("a status", () => this.statuses.length > before);
    return this.statuses.at(-1) ?? {};
  }

  /** `CurrentStatus` and `PrintInfo.Status`, when asked. */
  async codes(): Promise<readonly [unknown, unknown]> {
    const { CurrentStatus, PrintInfo } = await this.status();
    return [CurrentStatus, (PrintInfo as Json)["Status"]];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed !== undefined) return;
    this.webSocket.terminate();
    await once(this.webSocket, "close");
  }
}

/** Sets a fault through the admin interface. */
export async function fault({ admin }: LaunchedSimulator, name: string, more: Json = {}): Promise<void> {
  const response = await fetch(`${admin}/fault`, { method: "POST", body: JSON.stringify({ name, ...more }) });
  if (!response.ok) throw new Error(await response.text());
}
