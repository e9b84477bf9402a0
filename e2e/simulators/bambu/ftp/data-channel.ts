// The second connection of FTP, passive only: a port that takes one connection from the client of
// the control channel, in clear or as a resumed TLS session. What flows over it is transfer.ts's.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { TlsSessions } from "./tls-sessions.ts";

const acceptMs = 60_000;
const handshakeMs = 60_000;
const idleMs = 300_000;
const retirementMs = 1000;

/** A transfer that cannot take place, with the reply that says so. */
export class DataChannelError extends Error {
  override readonly name = "DataChannelError";
}

export class DataChannel implements Disposable {
  readonly #server: Server;
  readonly #abort = new AbortController();
  readonly #sockets = new Set<Socket>();
  readonly #connected: Promise<Socket>;
  #retirement: NodeJS.Timeout | undefined;

  private constructor(server: Server, peer: string | undefined, life: AbortSignal) {
    this.#server = server;
    life.addEventListener("abort", () => this[Symbol.dispose](), { once: true, signal: this.#abort.signal });
    const { promise, resolve } = Promise.withResolvers<Socket>();
    this.#connected = promise;
    server.on("connection", (socket) => {
      socket.on("error", () => {});
      // Nobody else may fetch or bring the data.
      if (socket.remoteAddress !== peer || this.#sockets.size > 0) {
        socket.destroy();
        return;
      }
      socket.setTimeout(idleMs, () => socket.destroy());
      this.#sockets.add(socket);
      server.close();
      resolve(socket);
    });
  }

  /**
   * Listens on any free port of the address that the client has reached, at most for `life`.
   * @throws the listening error
   */
  static async listen(control: TLSSocket, life: AbortSignal): Promise<DataChannel> {
    const server = createServer();
    server.listen(0, control.localAddress);
    await once(server, "listening");
    const channel = new DataChannel(server, control.remoteAddress, life);
    if (life.aborted) channel[Symbol.dispose]();
    return channel;
  }

  /** 0 once it takes no more connections. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** The client's connection, nothing read of it yet. @throws DataChannelError when none comes */
  async accept(): Promise<Socket> {
    const late = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(acceptMs)]);
    const refusal = new DataChannelError("425 Failed to establish connection.");
    return Promise.race([this.#connected, rejection(late, () => refusal)]);
  }

  /**
   * Shakes hands on an accepted connection.
   * @throws DataChannelError when the client gives up, or resumes no session where it must
   */
  async secure(socket: Socket, sessions: TlsSessions, mustResume: boolean): Promise<TLSSocket> {
    const server = sessions.share(createTlsServer({ ...sessions.options, handshakeTimeout: handshakeMs }));
    const failed = new DataChannelError("522 SSL connection failed; handshake failed");
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
    server.once("secureConnection", resolve);
    server.once("tlsClientError", () => reject(failed));
    socket.once("close", () => reject(failed));
    server.emit("connection", socket);
    const secured = await promise;
    secured.on("error", () => {});
    if (!mustResume || secured.isSessionReused()) return secured;
    secured.destroy();
    throw new DataChannelError("522 SSL connection failed; session reuse required");
  }

  /** Takes no more connections, and ends its own in a moment: data left unread makes a reset of it. */
  retire(): void {
    this.#server.close();
    this.#retirement ??= setTimeout(() => this[Symbol.dispose](), retirementMs);
  }

  /** Ends the listening and the connection. */
  [Symbol.dispose](): void {
    clearTimeout(this.#retirement);
    this.#abort.abort();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function rejection(signal: AbortSignal, reason: () => Error): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw reason();
}
