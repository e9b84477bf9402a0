// A network service of the simulated printer as far as it is a TCP port: files, cameras, bind. What is
// said on a connection is the service's own.

import type { Server, Socket } from "node:net";
import { TcpPort } from "../net/port.ts";

export abstract class TcpService<Connection extends Socket> implements AsyncDisposable {
  readonly #tcp: TcpPort;

  /** Does not listen yet. `serverFor` makes the server that hands connections to `serve`. */
  constructor(
    address: { readonly host: string; readonly port: number },
    serverFor: (serve: (socket: Connection) => void) => Server,
  ) {
    this.#tcp = new TcpPort(
      serverFor((socket) => this.serve(socket)),
      address,
    );
  }

  get port(): number {
    return this.#tcp.number;
  }

  /** Listens; after `close` on the same port again. @throws the listening error */
  async open(): Promise<void> {
    await this.#tcp.open();
  }

  /** Refuses from now on and ends every connection, with RST or FIN. */
  async close(how: "reset" | "end"): Promise<void> {
    await this.#tcp.close(how);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close("end");
  }

  protected abstract serve(socket: Connection): void;
}
