// The MQTT broker that the printer runs, over TLS, with the printer's own idea of who may come in and
// what may be listened to. It carries messages; what they mean is not its affair.

import { createServer, type Server, type TlsOptions } from "node:tls";
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from "aedes";
import { TcpPort } from "../net/port.ts";
import type { Printer } from "./printer.ts";
import { userName } from "./service.ts";

export interface BrokerOptions {
  readonly port: number;
  readonly tls: TlsOptions;
  readonly received: (client: Client, packet: PublishPacket) => void;
}

const serverUnavailable = 3;

export class Broker {
  readonly tcp: TcpPort;
  readonly #printer: Printer;
  readonly #options: BrokerOptions;
  /** Oldest first. */
  readonly #clients = new Set<Client>();
  /** Sessions that get no reports any more, though their connection lives. */
  readonly #zombies = new WeakSet<Client>();
  #aedes: Aedes | undefined;

  constructor(printer: Printer, options: BrokerOptions) {
    this.#printer = printer;
    this.#options = options;
    this.tcp = new TcpPort(this.#server(), { host: printer.host, port: options.port });
  }

  /** Listens, with no sessions of old. @throws the listening error. */
  async open(): Promise<void> {
    this.#aedes ??= await this.#createAedes();
    await this.tcp.open();
  }

  /** Every connection ends with RST or FIN, and the port refuses. */
  async close(how: "reset" | "end"): Promise<void> {
    const aedes = this.#aedes;
    this.#aedes = undefined;
    await this.tcp.close(how);
    await new Promise<void>((resolve) => (aedes === undefined ? resolve() : aedes.close(resolve)));
    this.#clients.clear();
    this.#printer.counters.mqtt.open = 0;
  }

  /** Cuts every connection now; the port goes on. */
  async drop(how: "reset" | "end"): Promise<void> {
    await this.close(how);
    await this.open();
  }

  /** To whoever has subscribed to the reports. */
  publish(payload: Buffer): void {
    const topic = `device/${this.#printer.serial}/report`;
    const packet = { cmd: "publish", topic, payload, qos: 0, retain: false, dup: false } as const;
    this.#aedes?.publish(packet, () => {
      // Only a broker that closes gives an error here, and then nobody is left to tell.
    });
  }

  /** The sessions there are stop getting reports; their connections and pings live on. */
  bewitch(): void {
    for (const client of this.#clients) this.#zombies.add(client);
  }

  revive(client: Client): void {
    this.#zombies.delete(client);
  }

  reviveAll(): void {
    for (const client of this.#clients) this.#zombies.delete(client);
  }

  #server(): Server {
    const server = createServer(this.#options.tls, (socket) => {
      // A peer that vanishes is everyday here.
      socket.on("error", () => {});
      if (this.#aedes === undefined) socket.destroy();
      else this.#aedes.handle(socket);
    });
    // Whoever does not finish the handshake has gone; nothing else depends on it.
    server.on("tlsClientError", () => {});
    return server;
  }

  async #createAedes(): Promise<Aedes> {
    const aedes = await Aedes.createBroker({
      authenticate: (client, username, password, done) => {
        const code = this.#refusal(username, password?.toString("utf8"));
        this.#printer.journal.add("mqtt", {
          connect: client.id,
          username,
          verdict: code === undefined ? "accepted" : `refused with ${code}`,
        });
        if (code === undefined) done(null, true);
        else done(refusal(code), null);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const { topic } = subscription;
        this.#printer.journal.add("mqtt", { client: client.id, subscribe: topic, qos: subscription.qos });
        const guarded = topic === `device/${this.#printer.serial}/request`;
        if (guarded) this.#printer.counters.mqtt.requestSubscribers += 1;
        // The library ends the connection on an error, which is what these printers do.
        if (guarded && this.#printer.profile.guardsRequests) done(new Error("not for clients"));
        else done(null, subscription);
      },
      authorizePublish: (client, packet, done) => {
        if (client !== null) this.#take(client, packet);
        done(null);
      },
      authorizeForward: (client, packet) => (this.#zombies.has(client) ? null : packet),
    });
    // Clients that break off or break the protocol are everyday here, and are cut off by the broker.
    aedes.on("clientError", () => {});
    aedes.on("connectionError", () => {});
    aedes.on("client", (client) => this.#came(client));
    aedes.on("clientDisconnect", (client) => {
      this.#clients.delete(client);
      this.#printer.counters.mqtt.open = this.#clients.size;
      this.#printer.journal.add("mqtt", { disconnect: client.id });
    });
    return aedes;
  }

  #came(client: Client): void {
    const { counters, knobs } = this.#printer;
    this.#clients.add(client);
    const { mqtt } = counters;
    mqtt.open = this.#clients.size;
    mqtt.peak = Math.max(mqtt.peak, mqtt.open);
    mqtt.total += 1;
    if (knobs.beyondLimit !== "drop-oldest") return;
    const [oldest] = this.#clients;
    if (this.#clients.size > knobs.sessionLimit) oldest?.close();
  }

  #refusal(username: string | undefined, password: string | undefined): 3 | 4 | 5 | undefined {
    const { counters, knobs, accessCode } = this.#printer;
    if (username !== userName || password !== accessCode) {
      counters.mqtt.refused += 1;
      return knobs.refusalCode;
    }
    if (knobs.beyondLimit === "refuse" && this.#clients.size >= knobs.sessionLimit) {
      counters.mqtt.refused += 1;
      return serverUnavailable;
    }
    counters.mqtt.logins += 1;
    return undefined;
  }

  #take(client: Client, packet: PublishPacket): void {
    this.#options.received(client, { ...packet, payload: Buffer.from(packet.payload) });
    const { pubackMs } = this.#printer.knobs;
    if (packet.qos !== 1 || pubackMs === 0) return;
    const id = (packet as { readonly messageId?: number }).messageId ?? 0;
    // The library acknowledges what has quality 1 by itself; as 0 it passes unacknowledged.
    packet.qos = 0;
    if (pubackMs === Infinity) return;
    const timer = setTimeout(() => {
      if (client.connected) client.conn.write(Buffer.from([0x40, 2, id >> 8, id & 0xff]));
    }, pubackMs);
    client.conn.once("close", () => clearTimeout(timer));
  }
}

/** The access code was wrong, or the broker cannot. */
function refusal(returnCode: 3 | 4 | 5): AuthenticateError {
  // The code's enum exists in the types only, so there is nothing to take a member of.
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
  return Object.assign(new Error(`refused with ${returnCode}`), { returnCode });
}
