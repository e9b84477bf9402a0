// The bind port: who are you, asked and answered in one framed exchange, then closed. Frame: A5 A5,
// u16 LE length of the whole frame, JSON, A7 A7. A frame that is not so is dropped with its connection.

import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Introduction } from "./discovery.ts";
import type { ServiceOptions } from "./service.ts";
import { TcpService } from "./tcp-service.ts";

export interface BindDetectOptions extends Pick<ServiceOptions, "host" | "port" | "journal"> {
  /** undefined: in clear. */
  readonly tls: ServiceOptions["tls"] | undefined;
  readonly introduce: () => Introduction;
}

const begin = Buffer.from("a5a5", "hex");
const end = Buffer.from("a7a7", "hex");
const headerBytes = 4;
const requestMs = 10_000;

export class BindDetect extends TcpService<Socket> {
  readonly counters = { detected: 0, malformed: 0 };
  readonly #options: BindDetectOptions;
  #sequence = 3020;

  /** Two of them make a printer: 3000 in clear and 3002 in TLS. Does not listen yet. */
  constructor(options: BindDetectOptions) {
    const { tls } = options;
    super(options, (serve) => (tls === undefined ? createServer(serve) : createTlsServer(tls, serve)));
    this.#options = options;
  }

  protected override serve(socket: Socket): void {
    socket.on("error", () => {});
    socket.setTimeout(requestMs, () => socket.destroy());
    let read = Buffer.alloc(0);
    socket.on("data", (piece: Buffer) => {
      read = Buffer.concat([read, piece]);
      if (read.length < headerBytes) return;
      const length = read.readUInt16LE(2);
      const sound = read.subarray(0, 2).equals(begin) && length >= headerBytes + end.length && read.length <= length;
      if (sound && read.length < length) return;
      socket.removeAllListeners("data");
      this.#answer(socket, sound && read.subarray(-2).equals(end) ? read.subarray(headerBytes, -2) : undefined);
    });
  }

  #answer(socket: Socket, content: Buffer | undefined): void {
    const request = content?.toString("utf8");
    this.#options.journal.add("bind", { request: request ?? "malformed frame" });
    if (request === undefined || !isDetect(request)) {
      this.counters.malformed += 1;
      socket.destroy();
      return;
    }
    this.counters.detected += 1;
    this.#sequence += 1;
    socket.end(frameOf(replyOf(this.#options.introduce(), this.#sequence)));
  }
}

function isDetect(text: string): boolean {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== "object" || message === null || !("login" in message)) return false;
    const { login } = message;
    return typeof login === "object" && login !== null && "command" in login && login.command === "detect";
  } catch {
    return false;
  }
}

function replyOf(printer: Introduction, sequence: number): string {
  return JSON.stringify({
    login: {
      bind: printer.bind,
      command: "detect",
      connect: printer.connect,
      dev_cap: 1,
      id: printer.serial,
      model: printer.modelCode,
      name: printer.name,
      // A number, where the request has a text.
      sequence_id: sequence,
      version: printer.firmware,
    },
  });
}

function frameOf(content: string): Buffer {
  const body = Buffer.from(content);
  const frame = Buffer.concat([begin, Buffer.alloc(2), body, end]);
  frame.writeUInt16LE(frame.length, 2);
  return frame;
}
