// What lets a data channel resume a TLS session of the control channel, though each has a listener of
// its own: the same ticket keys and id context, and for clients without tickets (curl) one store.

import { randomBytes } from "node:crypto";
import type { Server, TlsOptions } from "node:tls";

const mostKept = 200;

export class TlsSessions {
  /** For every listener that shares the sessions. */
  readonly options: TlsOptions;
  readonly #kept = new Map<string, Buffer>();

  constructor(options: TlsOptions) {
    this.options = { ...options, ticketKeys: randomBytes(48), sessionIdContext: "ftp" };
  }

  /** Lets the server's clients resume what other servers of this store have begun. */
  share(server: Server): Server {
    server.on("newSession", (id: Buffer, session: Buffer, done: () => void) => {
      const [oldest] = this.#kept.keys();
      if (this.#kept.size >= mostKept && oldest !== undefined) this.#kept.delete(oldest);
      this.#kept.set(id.toString("hex"), session);
      done();
    });
    server.on("resumeSession", (id: Buffer, done: (error: Error | null, session: Buffer | null) => void) => {
      done(null, this.#kept.get(id.toString("hex")) ?? null);
    });
    return server;
  }
}
