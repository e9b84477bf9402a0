// The MQTT broker that the printer runs: conforming to 3.1.1 over TCP and WebSocket, with the
// printer's own idea of who may come in. It carries messages; what they mean is not its affair.

import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { Aedes, type AedesPublishPacket, type AuthenticateError, type Client } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";
import { TcpPort } from "../net/port.ts";
import { greet } from "./greeting.ts";
import { passwordOf, type Printer } from "./printer.ts";

/** One MQTT connection; two of the same client id are two peers. */
export type Peer = Client;

export interface BrokerListener {
  received(peer: Peer, topic: string, payload: Buffer): void;
  /** `clean`: it said goodbye. */
  left(peer: Peer, clean: boolean): void;
}

const userName = "elegoo";
const identifierRejected = 2;
const serverUnavailable = 3;
const rememberedMessages = 64;

export class Broker {
  readonly tcp: TcpPort;
  readonly webSocket: TcpPort;
  readonly #printer: Printer;
  readonly #listener: BrokerListener;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has("mqtt") ? "mqtt" : false),
  });
  /** Numbers of the last messages that each client was sent. */
  readonly #delivered = new WeakMap<Peer, readonly number[]>();
  /** Without a client id there is no session to keep. */
  readonly #nameless = new WeakSet<Peer>();
  #aedes: Aedes | undefined;

  constructor(printer: Printer, ports: { readonly tcp: number; readonly webSocket: number }, listener: BrokerListener) {
    this.#printer = printer;
    this.#listener = listener;
    const { host } = printer;
    this.tcp = new TcpPort(this.#tcpServer(), { host, port: ports.tcp });
    this.webSocket = new TcpPort(this.#webSocketServer(), { host, port: ports.webSocket });
  }

  /** Listens, with no sessions of old. @throws the listening error. */
  async open(): Promise<void> {
    this.#aedes ??= await this.#createAedes();
    await this.tcp.open();
    await this.webSocket.open();
  }

  /** Every connection ends with RST or FIN, and the ports refuse. */
  async close(how: "reset" | "end"): Promise<void> {
    const aedes = this.#aedes;
    this.#aedes = undefined;
    await Promise.all([this.tcp.close(how), this.webSocket.close(how)]);
    await new Promise<void>((resolve) => (aedes === undefined ? resolve() : aedes.close(resolve)));
  }

  /** Cuts every connection now; the ports go on. */
  async drop(how: "reset" | "end"): Promise<void> {
    await this.close(how);
    await this.open();
  }

  /** To whoever has subscribed. */
  publish(topic: string, payload: string, qos: 0 | 1): void {
    const packet = { cmd: "publish", topic, payload: Buffer.from(payload), qos, retain: false, dup: false } as const;
    this.#aedes?.publish(packet, () => {
      // Only a broker that closes gives an error here, and then nobody is left to tell.
    });
  }

  #tcpServer(): Server {
    return createServer((socket) => {
      socket.setNoDelay(true);
      this.#handle(socket);
    });
  }

  #webSocketServer(): Server {
    const server = createHttpServer((_request, response) => response.writeHead(426).end());
    server.on("upgrade", (request, socket, head) => {
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const stream = createWebSocketStream(webSocket);
        stream.on("error", () => {});
        this.#handle(stream, request);
      });
    });
    return server;
  }

  #handle(stream: Duplex, request?: IncomingMessage): void {
    greet(stream, () => {
      if (this.#aedes === undefined) stream.destroy();
      else this.#aedes.handle(stream, request);
    });
  }

  async #createAedes(): Promise<Aedes> {
    const aedes = await Aedes.createBroker({
      preConnect: (client, packet, done) => {
        if (packet.clientId === "" && packet.clean !== true) this.#nameless.add(client);
        const closes = this.#printer.knobs.brokerFull === "close";
        done(closes ? new Error("broker full") : null, !closes);
      },
      authorizeForward: (client, packet) => (this.#isCopy(client, packet) ? null : packet),
      authenticate: (client, username, password, done) => {
        const code = this.#refusal(client, username, password?.toString("utf8"));
        this.#note(client, { username, verdict: code === undefined ? "accepted" : `refused with ${code}` });
        if (code === undefined) done(null, true);
        else done(refusal(code), null);
      },
    });
    // Clients that break off or break the protocol are everyday here, and are cut off by the broker.
    aedes.on("clientError", () => {});
    aedes.on("connectionError", () => {});
    aedes.on("client", (client) => {
      acceptAnyOrder(client, aedes.id);
      this.#count(1);
    });
    aedes.on("clientDisconnect", (client) => {
      const clean = saidGoodbye(client);
      this.#count(-1);
      this.#printer.counters.mqtt[clean ? "cleanLeaves" : "lost"] += 1;
      this.#listener.left(client, clean);
    });
    aedes.on("publish", ({ topic, payload }, client) => {
      if (client !== null) this.#listener.received(client, topic, Buffer.from(payload));
    });
    return aedes;
  }

  #refusal(client: Peer, username: string | undefined, password: string | undefined): 2 | 3 | 4 | 5 | undefined {
    const { counters, knobs } = this.#printer;
    if (this.#nameless.has(client)) return identifierRejected;
    const known = username === userName && password === passwordOf(this.#printer);
    if (known && knobs.brokerFull === undefined) return undefined;
    counters.mqtt.refused += 1;
    return known ? serverUnavailable : knobs.refusalCode;
  }

  /** Whether the client has had this message, by another of its subscriptions. */
  #isCopy(client: Peer, { brokerCounter }: AedesPublishPacket): boolean {
    const delivered = this.#delivered.get(client) ?? [];
    if (delivered.includes(brokerCounter)) return true;
    this.#delivered.set(client, [...delivered.slice(-rememberedMessages), brokerCounter]);
    return false;
  }

  #count(change: 1 | -1): void {
    const { mqtt } = this.#printer.counters;
    mqtt.open += change;
    mqtt.peak = Math.max(mqtt.peak, mqtt.open);
    if (change === 1) mqtt.total += 1;
  }

  #note(client: Peer, details: Readonly<Record<string, unknown>>): void {
    this.#printer.journal.add("mqtt", { connect: client.id, ...details });
  }
}

/** The access code was wrong, or the broker cannot. */
function refusal(returnCode: 2 | 3 | 4 | 5): AuthenticateError {
  // The code's enum exists in the types only, so there is nothing to take a member of.
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
  return Object.assign(new Error(`refused with ${returnCode}`), { returnCode });
}

/**
 * aedes takes a message whose number is lower than the last one's for a copy, though messages of QoS 1
 * are often overtaken by those of QoS 0, and loses it. Here it is made to see every one as new, and
 * copies are told from their own numbers in `authorizeForward`.
 */
function acceptAnyOrder(peer: Peer & { readonly duplicates?: object }, brokerId: string): void {
  Object.defineProperty(peer.duplicates ?? {}, brokerId, { get: () => 0, set: () => {} });
}

/** aedes tells no other way whether a DISCONNECT came before the end; a test holds it to this one. */
function saidGoodbye(peer: Peer & { readonly _disconnected?: boolean }): boolean {
  return peer._disconnected === true;
}
