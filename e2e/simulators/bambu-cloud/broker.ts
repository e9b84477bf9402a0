// The cloud's MQTT broker: lets in who has a token, and passes on what the printer behind it says. The
// printer is the one of ../bambu, which would also obey.

import { createServer, type TlsOptions } from "node:tls";
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from "aedes";
import { TcpPort } from "../net/port.ts";
import type { Cloud } from "./cloud.ts";

export interface CloudBrokerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions;
  readonly received: (client: Client, packet: PublishPacket) => void;
}

export class CloudBroker implements AsyncDisposable {
  readonly tcp: TcpPort;
  readonly #cloud: Cloud;
  readonly #options: CloudBrokerOptions;
  #aedes: Aedes | undefined;

  constructor(cloud: Cloud, options: CloudBrokerOptions) {
    this.#cloud = cloud;
    this.#options = options;
    const server = createServer(options.tls, (socket) => {
      // A peer that vanishes is everyday here.
      socket.on("error", () => {});
      if (this.#aedes === undefined) socket.destroy();
      else this.#aedes.handle(socket);
    });
    server.on("tlsClientError", () => {});
    this.tcp = new TcpPort(server, { host: options.host, port: options.port });
  }

  /** @throws the listening error. */
  async open(): Promise<void> {
    this.#aedes ??= await this.#createAedes();
    await this.tcp.open();
  }

  async close(): Promise<void> {
    const aedes = this.#aedes;
    this.#aedes = undefined;
    await this.tcp.close("end");
    await new Promise<void>((resolve) => (aedes === undefined ? resolve() : aedes.close(resolve)));
    this.#cloud.counters.mqtt.open = 0;
  }

  publish(payload: Buffer): void {
    const topic = `device/${this.#cloud.serial}/report`;
    this.#aedes?.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, () => {
      // Only a broker that closes gives an error here, and then nobody is left to tell.
    });
  }

  /** The printer's link to the cloud came or went. */
  tellEvent(event: "client.connected" | "client.disconnected"): void {
    this.publish(Buffer.from(JSON.stringify({ event: { event } })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #createAedes(): Promise<Aedes> {
    const cloud = this.#cloud;
    const { mqtt } = cloud.counters;
    const aedes = await Aedes.createBroker({
      authenticate: (client, username, password, done) => {
        const isRight = username === `u_${cloud.uid}` && cloud.takes(password?.toString("utf8") ?? "");
        const isIn = isRight && !cloud.knobs.brokerRefuses;
        cloud.journal.add("mqtt", { connect: client.id, username, verdict: isIn ? "accepted" : "refused with 5" });
        if (isIn) mqtt.logins += 1;
        else mqtt.refused += 1;
        if (isIn) done(null, true);
        else done(refusal(), null);
      },
      authorizeSubscribe: (_client, subscription, done) => {
        done(null, subscription);
        // Whoever listens is told at once that the printer is there.
        setImmediate(() => this.tellEvent("client.connected"));
      },
      authorizePublish: (client, packet, done) => {
        if (client !== null) this.#options.received(client, { ...packet, payload: Buffer.from(packet.payload) });
        done(null);
      },
    });
    aedes.on("clientError", () => {});
    aedes.on("connectionError", () => {});
    aedes.on("client", () => (mqtt.open += 1));
    aedes.on("clientDisconnect", () => (mqtt.open -= 1));
    return aedes;
  }
}

function refusal(): AuthenticateError {
  // The code's enum exists in the types only, so there is nothing to take a member of.
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
  return Object.assign(new Error("refused with 5"), { returnCode: 5 });
}
