// For tests: an RTSP server that takes one publisher at a time, as MediaMTX does, and writes down
// what it is sent. It reads the wire by itself and shares no code with what it tests.
// Layout: RFC 2326 §10.12, RFC 3550 §5.1, RFC 6184 §5.

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** One access unit as it arrived. */
export interface ReceivedUnit {
  /** RTP stamp, 90 kHz, 32 bits. */
  readonly stamp: number;
  /** NAL unit types in order, those inside STAP-A named, a fragmented one once. */
  readonly types: readonly number[];
  readonly session: number;
}

export interface StandInOptions {
  /** Asks for this pair by Basic authentication. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Answers for a method instead of 200. */
  readonly answers?: Readonly<Record<string, string>>;
  /** Methods that are never answered. */
  readonly silentOn?: readonly string[];
}

export class StandInServer implements AsyncDisposable {
  readonly requests: { readonly method: string; readonly url: string; readonly text: string }[] = [];
  readonly units: ReceivedUnit[] = [];
  readonly descriptions: string[] = [];
  readonly faults: string[] = [];
  readonly #options: StandInOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #watchers: (() => void)[] = [];
  #sessions = 0;

  private constructor(options: StandInOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(options: StandInOptions = {}): Promise<StandInServer> {
    const standIn = new StandInServer(options);
    await new Promise<void>((resolve) => void standIn.#server.listen(0, "127.0.0.1", resolve));
    return standIn;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Cuts every connection without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Reads nothing more, as a stopped process does. */
  stand(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  goOn(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  /** Resolves once the condition holds; looked at whenever something arrived. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => void this.#watchers.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #notify(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const session = (this.#sessions += 1);
    let pending = Buffer.alloc(0);
    let packets: Buffer[] = [];
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#notify();
    });
    socket.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      for (let length = wholeMessage(pending); length > 0; length = wholeMessage(pending)) {
        const message = pending.subarray(0, length);
        pending = pending.subarray(length);
        if (message[0] !== 0x24) this.#answer(socket, message.toString("latin1"), session);
        else if (message[1] === 0) packets = this.#collect([...packets, message.subarray(4)], session);
      }
      this.#notify();
    });
  }

  #answer(socket: Socket, text: string, session: number): void {
    const [, method = "", url = ""] = /^([A-Z_]+) (\S+) RTSP\/1\.0\r\n/u.exec(text) ?? [];
    if (method === "") this.faults.push(`not a request: ${text.slice(0, 40)}`);
    this.requests.push({ method, url, text });
    if (this.#options.silentOn?.includes(method) === true) return;
    const sequence = /^CSeq: (\d+)\r$/mu.exec(text)?.[1] ?? "";
    const [status, ...headers] = this.#reply(method, text, session);
    socket.write([`RTSP/1.0 ${status}`, `CSeq: ${sequence}`, ...headers, "", ""].join("\r\n"));
    if (method === "TEARDOWN") socket.end();
  }

  #reply(method: string, text: string, session: number): string[] {
    const answer = this.#options.answers?.[method];
    if (answer !== undefined) return [answer];
    if (!this.#isAllowed(text)) return ["401 Unauthorized", 'WWW-Authenticate: Basic realm="stand-in"'];
    if (method === "ANNOUNCE") this.descriptions.push(text.slice(text.indexOf("\r\n\r\n") + 4));
    const transport = /^Transport: .*(?=\r$)/mu.exec(text);
    return ["200 OK", `Session: ${session};timeout=60`, ...(transport ?? [])];
  }

  #isAllowed(text: string): boolean {
    const { credentials } = this.#options;
    if (credentials === undefined) return true;
    const pair = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
    return text.includes(`\r\nAuthorization: Basic ${pair}\r\n`);
  }

  /** Makes a unit of the packets once the marker bit ends it; gives the packets that still wait. */
  #collect(packets: Buffer[], session: number): Buffer[] {
    const last = packets.at(-1) ?? Buffer.alloc(0);
    const before = packets.at(-2);
    if (before !== undefined) {
      const step = (last.readUInt16BE(2) - before.readUInt16BE(2)) & 0xffff;
      if (step !== 1) this.faults.push(`sequence numbers ${step} apart`);
      if (last.readUInt32BE(4) !== before.readUInt32BE(4)) this.faults.push("two stamps in one access unit");
    }
    if (last.length > 1412) this.faults.push(`a packet of ${last.length} bytes`);
    if (((last[1] ?? 0) & 0x80) === 0) return packets;
    const types = packets.flatMap((packet) => unitTypes(packet.subarray(12)));
    this.units.push({ stamp: last.readUInt32BE(4), types, session });
    return [];
  }
}

/** Length of the message at the front, or 0 while it is not whole. */
function wholeMessage(bytes: Buffer): number {
  if (bytes.length < 4) return 0;
  if (bytes[0] === 0x24) {
    const length = 4 + bytes.readUInt16BE(2);
    return bytes.length >= length ? length : 0;
  }
  const head = bytes.indexOf("\r\n\r\n");
  if (head === -1) return 0;
  const body = /^Content-Length: (\d+)\r$/imu.exec(bytes.toString("latin1", 0, head + 2))?.[1] ?? "0";
  const length = head + 4 + Number(body);
  return bytes.length >= length ? length : 0;
}

function unitTypes(payload: Buffer): number[] {
  const type = (payload[0] ?? 0) & 31;
  if (type === 28) return ((payload[1] ?? 0) & 0x80) === 0 ? [] : [(payload[1] ?? 0) & 31];
  if (type !== 24) return [type];
  const types: number[] = [];
  for (let at = 1; at + 2 < payload.length; at += 2 + payload.readUInt16BE(at)) types.push((payload[at + 2] ?? 0) & 31);
  return types;
}
