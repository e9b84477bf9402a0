// The printer's file server: FTP in implicit TLS, the parts of vsftpd that the printers show. It
// listens and counts; what a session says is in session.ts. Facts: the family's README.

import { createServer, type TLSSocket } from "node:tls";
import { TcpPort } from "../../net/port.ts";
import type { ServiceOptions } from "../service.ts";
import type { Card } from "../storage.ts";
import { type FtpCounters, newFtpCounters } from "./counters.ts";
import { fileCommands } from "./file-commands.ts";
import { defaultFtpKnobs, type FtpKnobs } from "./knobs.ts";
import { FtpSession, type SessionOptions } from "./session.ts";
import { TlsSessions } from "./tls-sessions.ts";
import { transferCommands } from "./transfer-commands.ts";

const commands = { ...fileCommands, ...transferCommands };

export class FtpServer implements AsyncDisposable {
  readonly knobs: FtpKnobs = defaultFtpKnobs();
  readonly counters: FtpCounters = newFtpCounters();
  readonly #options: SessionOptions;
  readonly #sessions = new Set<FtpSession>();
  readonly #tcp: TcpPort;

  /** Does not listen yet. */
  constructor(options: ServiceOptions & { readonly card: Card }) {
    const sessions = new TlsSessions(options.tls);
    this.#options = { ...options, sessions, commands };
    const server = createServer(sessions.options, (socket) => this.#welcome(socket));
    this.#tcp = new TcpPort(sessions.share(server), options);
  }

  get port(): number {
    return this.#tcp.number;
  }

  /** Listens; after `close` on the same port again. @throws the listening error */
  async open(): Promise<void> {
    await this.#tcp.open();
  }

  /** Refuses from now on and ends every session, with RST or FIN. */
  async close(how: "reset" | "end"): Promise<void> {
    this.drop();
    await this.#tcp.close(how);
  }

  /** Ends every session and goes on listening, as when the access code changes. */
  drop(): void {
    for (const session of this.#sessions) session[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close("end");
  }

  #welcome(socket: TLSSocket): void {
    const session = new FtpSession(socket, this.#options, this.knobs, this.counters);
    const { sessions } = this.counters;
    this.#sessions.add(session);
    sessions.total += 1;
    sessions.current += 1;
    sessions.peak = Math.max(sessions.peak, sessions.current);
    socket.once("close", () => {
      session[Symbol.dispose]();
      this.#sessions.delete(session);
      sessions.current -= 1;
    });
  }
}
