// A TCP port that can be shut and opened again on the same number, as when a daemon dies and comes
// back, and that can cut or reset what is connected to it.

import { once } from "node:events";
import type { Server, Socket } from "node:net";

export class TcpPort implements AsyncDisposable {
  readonly #server: Server;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  #port: number;

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
    if (this.#server.listening) return;
    this.#server.listen(this.#port, this.#host);
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  /** Refuses from now on and ends what is connected: with RST, or by just closing. */
  async close(how: "reset" | "end"): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    if (closed !== undefined) this.#server.close();
    for (const socket of this.#sockets) {
      if (how === "reset") socket.resetAndDestroy();
      else socket.destroy();
    }
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close("end");
  }
}
