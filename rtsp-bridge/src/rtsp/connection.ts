// One TCP connection to an RTSP server: requests and their answers, each with a deadline, and
// bytes written between them. It knows the wire and nothing of publishing.

import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions as TlsOptions } from "node:tls";
import type { Clock } from "@gantry/platform/clock";
import { formatRequest, ResponseReader, type OnBlock, type RtspRequest, type RtspResponse } from "./messages.ts";

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** Who is at the other end, for the words of a fault; "the RTSP server" by default. */
  readonly who?: string;
  /** With TLS. `verify` looks at the other end before anything is sent to it and throws in words. */
  readonly tls?: { readonly options: TlsOptions; readonly verify: (certificateSha256: string) => void };
  readonly onBlock?: OnBlock;
}

interface Waiter {
  readonly resolve: (response: RtspResponse) => void;
  readonly reject: (error: Error) => void;
}

export class RtspConnection {
  /** Why it ended, in words. Never rejects. */
  readonly closed: Promise<string>;
  readonly #clock: Clock;
  readonly #who: string;
  readonly #socket: Socket;
  readonly #connected: Promise<void>;
  readonly #waiters = new Map<number, Waiter>();
  /** When each write that the kernel has not taken yet was made. */
  readonly #unsent: number[] = [];
  #sequence = 0;
  #end: string | undefined;

  /** Begins to connect. Nagle is off: a held-back picture would wait 40 ms for an acknowledgement. */
  constructor(options: ConnectionOptions) {
    this.#clock = options.clock;
    this.#who = options.who ?? "the RTSP server";
    this.#socket = this.#open(options);
    const reader = new ResponseReader(options.onBlock);
    this.#socket.on("data", (chunk) => this.#read(reader, chunk));
    this.#socket.on("error", (error) => (this.#end ??= `${this.#who} cannot be reached: ${error.message}`));
    this.closed = new Promise((resolve) => void this.#socket.once("close", () => resolve(this.#ended())));
    this.#connected = new Promise((resolve, reject) => {
      this.#socket.once(options.tls === undefined ? "connect" : "verified", resolve);
      void this.closed.then((reason) => reject(new Error(reason)));
    });
    this.#connected.catch(() => undefined);
  }

  /** @throws Error in words when the server does not accept it in time */
  async connected(timeoutMs: number): Promise<void> {
    await this.#within(timeoutMs, this.#connected, "accepted no connection");
  }

  /** Bytes that wait for the kernel. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Since when the oldest of them waits, monotonic ms; undefined when none does. */
  get unsentSinceMs(): number | undefined {
    return this.#unsent[0];
  }

  write(bytes: Uint8Array): void {
    if (!this.#socket.writable) return;
    this.#unsent.push(this.#clock.monotonic());
    this.#socket.write(bytes, () => void this.#unsent.shift());
  }

  /** One request and its answer, whatever its status. @throws Error in words when none comes in time */
  async request(request: RtspRequest, timeoutMs: number): Promise<RtspResponse> {
    if (this.#end !== undefined) throw new Error(this.#end);
    const sequence = (this.#sequence += 1);
    const answer = new Promise<RtspResponse>((resolve, reject) => this.#waiters.set(sequence, { resolve, reject }));
    this.write(Buffer.from(formatRequest({ ...request, headers: { CSeq: String(sequence), ...request.headers } })));
    try {
      return await this.#within(timeoutMs, answer, `did not answer ${request.method}`);
    } finally {
      this.#waiters.delete(sequence);
    }
  }

  /** Ends it at once; the first reason given stands. */
  cut(reason: string): void {
    this.#end ??= reason;
    this.#socket.destroy();
  }

  #open({ host, port, tls }: ConnectionOptions): Socket {
    if (tls === undefined) return connect({ host, port, noDelay: true });
    const socket = connectTls({ ...tls.options, host, port });
    socket.setNoDelay(true);
    socket.once("secureConnect", () => {
      try {
        tls.verify(socket.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "").toLowerCase() ?? "");
        socket.emit("verified");
      } catch (error) {
        this.cut(error instanceof Error ? error.message : String(error));
      }
    });
    return socket;
  }

  #ended(): string {
    this.#end ??= `${this.#who} closed the connection`;
    for (const waiter of this.#waiters.values()) waiter.reject(new Error(this.#end));
    this.#waiters.clear();
    return this.#end;
  }

  #read(reader: ResponseReader, chunk: Buffer): void {
    try {
      for (const response of reader.push(chunk)) {
        this.#waiters.get(Number(response.headers.get("cseq") ?? NaN))?.resolve(response);
      }
    } catch (error) {
      this.cut(`${this.#who} does not speak RTSP: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #within<T>(timeoutMs: number, work: Promise<T>, what: string): Promise<T> {
    const done = new AbortController();
    const late = this.#clock.wait(timeoutMs, done.signal).then((): never => {
      throw new Error(`${this.#who} ${what} in ${timeoutMs / 1000} s`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } finally {
      done.abort();
    }
  }
}
