// SSDP-like announcements of the printer, and its answers to searches. Nothing here is proof of
// identity: anybody can send such datagrams. Fields: the family's README.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Journal } from "../admin/journal.ts";

/** What the printer tells to anybody who asks. */
export interface Introduction {
  readonly serial: string;
  /** "C12" */
  readonly modelCode: string;
  readonly name: string;
  /** "01.08.02.00" */
  readonly firmware: string;
  readonly connect: "lan" | "cloud" | "farm";
  readonly bind: "free" | "occupied";
  /** Without a port, as `Location` has it. */
  readonly address: string;
  /** "-57" */
  readonly signal: string;
}

export interface DiscoveryOptions {
  readonly host: string;
  /** Where searches are heard; 0: any free one. */
  readonly port: number;
  readonly announceTo: { readonly host: string; readonly port: number } | undefined;
  /** Between two announcements. */
  readonly everyMs: number;
  readonly introduce: () => Introduction;
  readonly journal: Journal;
}

const deviceType = "urn:bambulab-com:device:3dprinter:1";

export class Discovery implements AsyncDisposable {
  /** Neither announces nor answers. */
  silent = false;
  /** Where announcements go; undefined: nowhere. */
  announceTo: { readonly host: string; readonly port: number } | undefined;
  readonly counters = { announced: 0, answered: 0 };
  readonly #options: DiscoveryOptions;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #port: number;

  /** Does not listen yet. */
  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.announceTo = options.announceTo;
    this.#port = options.port;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens and announces; after `close` on the same port again. @throws the listening error */
  async open(): Promise<void> {
    if (this.#socket !== undefined) return;
    const { host, everyMs } = this.#options;
    const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4", reuseAddr: this.#options.port !== 0 });
    socket.on("message", (datagram, sender) => this.#hear(datagram, sender));
    socket.bind(this.#port, host);
    await once(socket, "listening");
    // After this a failed send is the network's affair, as for a real printer.
    socket.on("error", () => {});
    this.#socket = socket;
    this.#port = socket.address().port;
    this.#timer = setInterval(() => this.#announce(), everyMs);
    this.#announce();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    const closed = once(socket, "close");
    socket.close();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #announce(): void {
    if (this.silent || this.announceTo === undefined) return;
    this.counters.announced += 1;
    const opening = ["NOTIFY * HTTP/1.1", "Host: 239.255.255.250:1990"];
    const text = message(opening, [`NT: ${deviceType}`, "NTS: ssdp:alive"], this.#options.introduce());
    this.#socket?.send(text, this.announceTo.port, this.announceTo.host);
  }

  #hear(datagram: Buffer, sender: RemoteInfo): void {
    const text = datagram.toString("utf8");
    this.#options.journal.add("discovery", { text, sender: `${sender.address}:${sender.port}` });
    if (this.silent || !isSearch(text)) return;
    this.counters.answered += 1;
    const reply = message(["HTTP/1.1 200 OK"], [`ST: ${deviceType}`], this.#options.introduce());
    this.#socket?.send(reply, sender.port, sender.address);
  }
}

function isSearch(text: string): boolean {
  const [request = "", ...headers] = text.split(/\r?\n/);
  if (!/^M-SEARCH \* HTTP\/1\.[01]$/.test(request)) return false;
  const target = headers.map((line) => /^ST\s*:\s*(\S+)\s*$/i.exec(line)?.[1]).find(Boolean);
  return target === deviceType || target === "ssdp:all";
}

function message(opening: readonly string[], kind: readonly string[], printer: Introduction): string {
  const lines = [
    ...opening,
    "Server: UPnP/1.0",
    `Location: ${printer.address}`,
    ...kind,
    `USN: ${printer.serial}`,
    "Cache-Control: max-age=1800",
    `DevModel.bambu.com: ${printer.modelCode}`,
    `DevName.bambu.com: ${printer.name}`,
    `DevSignal.bambu.com: ${printer.signal}`,
    `DevConnect.bambu.com: ${printer.connect}`,
    `DevBind.bambu.com: ${printer.bind}`,
    "Devseclink.bambu.com: secure",
    "DevInf.bambu.com: wlan0",
    `DevVersion.bambu.com: ${printer.firmware}`,
    "DevCap.bambu.com: 1",
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
