// A small RTSP viewer over TCP that notes when each access unit is whole. It decodes nothing, so
// that what is measured is the server's and not a player's. Facts: RFC 2326.

import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { AccessUnitReader, type AccessUnit } from "./access-units.ts";

export interface Arrival extends AccessUnit {
  /** Monotonic ms. */
  readonly atMs: number;
}

/** Everything sent before is received by then, or the server is not there. */
const answerMs = 15_000;

/** One viewer's session. Dispose leaves with TEARDOWN. */
export class Reader implements AsyncDisposable {
  readonly arrivals: Arrival[] = [];
  readonly startedMs = performance.now();
  /** Set once the session is over, however it ended. */
  endedMs: number | undefined;
  readonly #url: string;
  readonly #socket: Socket;
  readonly #units = new AccessUnitReader();
  #pending: Buffer = Buffer.alloc(0);
  #sequence = 0;
  #session: string | undefined;
  #answer: ((text: string) => void) | undefined;
  #watchers: (() => void)[] = [];

  private constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#url = url;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on("data", (chunk) => this.#read(chunk));
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.endedMs = performance.now();
      this.#answer?.("");
      this.#notify();
    });
  }

  /** Resolves when the session plays. @throws Error when the server refuses or does not answer */
  static async open(url: string): Promise<Reader> {
    const reader = new Reader(url);
    try {
      const description = await reader.#ask("DESCRIBE", url, { Accept: "application/sdp" });
      const track = trackUrl(description, url);
      const setup = await reader.#ask("SETUP", track, { Transport: "RTP/AVP/TCP;unicast;interleaved=0-1" });
      reader.#session = /^Session: *([^;\r]+)/imu.exec(setup)?.[1];
      await reader.#ask("PLAY", url, { Range: "npt=0.000-" });
      return reader;
    } catch (error) {
      reader.#socket.destroy();
      throw error;
    }
  }

  /** From the connection's beginning to the first whole key picture, ms. */
  async firstPicture(limitMs = 20_000): Promise<number> {
    const first = await this.until(() => this.arrivals.find(({ key }) => key), limitMs);
    return first.atMs - this.startedMs;
  }

  /** Asks at every arrival. @throws Error when the session ends or `limitMs` pass first */
  async until<Found>(look: () => Found | undefined, limitMs: number): Promise<Found> {
    const late = AbortSignal.timeout(limitMs);
    late.addEventListener("abort", () => this.#notify());
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (late.aborted) throw new Error(`${this.#url}: not seen within ${limitMs} ms`);
      if (this.endedMs !== undefined) throw new Error(`${this.#url}: the session ended`);
      await new Promise<void>((resolve) => void this.#watchers.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.endedMs === undefined) {
      await Promise.race([this.#ask("TEARDOWN", this.#url, {}).catch(() => undefined), wait(500)]);
    }
    this.#socket.destroy();
  }

  async #ask(method: string, url: string, headers: Readonly<Record<string, string>>): Promise<string> {
    const all = {
      CSeq: String((this.#sequence += 1)),
      ...(this.#session === undefined ? {} : { Session: this.#session }),
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const answered = new Promise<string>((resolve) => (this.#answer = resolve));
    this.#socket.write(`${method} ${url} RTSP/1.0\r\n${lines.join("")}\r\n`);
    const patience = new AbortController();
    const late = wait(answerMs, "", { signal: patience.signal }).catch(() => "");
    const text = await Promise.race([answered, late]);
    patience.abort();
    if (text.startsWith("RTSP/1.0 200")) return text;
    throw new Error(`${method} ${url}: ${text.split("\r\n")[0] || "no answer"}`);
  }

  #read(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (let length = wholeMessage(this.#pending); length > 0; length = wholeMessage(this.#pending)) {
      const message = this.#pending.subarray(0, length);
      this.#pending = this.#pending.subarray(length);
      if (message[0] !== 0x24) this.#answer?.(message.toString("latin1"));
      else if (message[1] === 0) this.#packet(message.subarray(4));
    }
  }

  #packet(packet: Buffer): void {
    const unit = this.#units.push(packet);
    if (unit === undefined) return;
    this.arrivals.push({ ...unit, atMs: performance.now() });
    this.#notify();
  }

  #notify(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}

/** Where the one video track is set up. */
function trackUrl(description: string, url: string): string {
  const base = /^Content-Base: *(\S+)/imu.exec(description)?.[1] ?? `${url}/`;
  const control = /^m=video[\s\S]*?^a=control:(\S+)/mu.exec(description)?.[1] ?? "";
  return control.includes("://") ? control : `${base}${control}`;
}

/** Length of the message at the front, 0 while it is not whole. */
function wholeMessage(bytes: Buffer): number {
  if (bytes.length < 4) return 0;
  if (bytes[0] === 0x24) {
    const length = 4 + bytes.readUInt16BE(2);
    return bytes.length >= length ? length : 0;
  }
  const head = bytes.indexOf("\r\n\r\n");
  if (head === -1) return 0;
  const body = /^Content-Length: *(\d+)/imu.exec(bytes.toString("latin1", 0, head))?.[1] ?? "0";
  const length = head + 4 + Number(body);
  return bytes.length >= length ? length : 0;
}
