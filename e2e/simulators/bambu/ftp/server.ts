// The printer's file server: FTP in implicit TLS, the parts of vsftpd that the printers show. It
// listens and counts; what a session says is in session.ts. Facts: the family's README.

import { createServer, type TLSSocket } from "node:tls";
import type { ServiceOptions } from "../service.ts";
import type { Card } from "../storage.ts";
import { TcpService } from "../tcp-service.ts";
import { type FtpCounters, newFtpCounters } from "./counters.ts";
import { fileCommands } from "./file-commands.ts";
import { defaultFtpKnobs, type FtpKnobs } from "./knobs.ts";
import { FtpSession, type SessionOptions } from "./session.ts";
import { TlsSessions } from "./tls-sessions.ts";
import { transferCommands } from "./transfer-commands.ts";

const commands = { ...fileCommands, ...transferCommands };

export class FtpServer extends TcpService<TLSSocket> {
  readonly knobs: FtpKnobs = defaultFtpKnobs();
  readonly counters: FtpCounters = newFtpCounters();
  readonly #options: SessionOptions;
  readonly #sessions = new Set<FtpSession>();

  /** Does not listen yet. */
  constructor(options: ServiceOptions & { readonly card: Card }) {
    const sessions = new TlsSessions(options.tls);
    super(options, (serve) => sessions.share(createServer(sessions.options, serve)));
    this.#options = { ...options, sessions, commands };
  }

  /** Refuses from now on and ends every session, with RST or FIN. */
  override async close(how: "reset" | "end"): Promise<void> {
    this.drop();
    await super.close(how);
  }

  /** Ends every session and goes on listening, as when the access code changes. */
  drop(): void {
    for (const session of this.#sessions) session[Symbol.dispose]();
  }

  protected override serve(socket: TLSSocket): void {
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
