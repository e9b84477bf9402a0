// A TCP port that can be shut and opened again on the same number, as when a daemon dies and comes
// back, and that can cut or reset what is connected to it.

import { once } from "node:events";
import type { Server, Socket } from "node:net";

export class TcpPort implements AsyncDisposable {
  readonly #server: Server;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  #port: number;
  #closing: Promise<unknown> = Promise.resolve();

  constructor(server: Server, address: { readonly host: string; readonly port: number }) {
    this.#server = server;
    this.#host = address.host;
    this.#port = address.port;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      // A peer that vanishes is everyday here; its socket closes by itself after the error.
      socket.on("error", () => {});
    });
  }

  get number(): number {
    return this.#port;
  }

  /** Listens; the second time on the number of the first. @throws the listening error. */
  async open(): Promise<void> {
    // A server that is opened again before it has closed would never say that it closed.
    await this.#closing;
    if (this.#server.listening) return;
    this.#server.listen(this.#port, this.#host);
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  /** Refuses from now on and ends what is connected: with RST, or by just closing. */
  async close(how: "reset" | "end"): Promise<void> {
    if (this.#server.listening) {
      this.#closing = once(this.#server, "close");
      this.#server.close();
    }
    for (const socket of this.#sockets) {
      if (how === "reset") socket.resetAndDestroy();
      else socket.destroy();
    }
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close("end");
  }
}

/** A port that can be barred: it stays shut, whoever opens it, until it is let listen again. */
export class BarrablePort extends TcpPort {
  #barred = false;
  /** Opened, and not closed since. */
  #wanted = false;

  override async open(): Promise<void> {
    this.#wanted = true;
    if (!this.#barred) await super.open();
  }

  override async close(how: "reset" | "end"): Promise<void> {
    this.#wanted = false;
    await super.close(how);
  }

  async bar(barred: boolean): Promise<void> {
    this.#barred = barred;
    if (barred) await super.close("end");
    else if (this.#wanted) await super.open();
  }
}
