// The printer's file server: FTP in implicit TLS.

import type { ServiceOptions } from "../service.ts";
import type { Card } from "../storage.ts";
import { defaultFtpKnobs, type FtpKnobs } from "./knobs.ts";

export interface FtpCounters {
  sessions: { current: number; peak: number; total: number };
  logins: number;
  wrongLogins: number;
  /** Transfers that run at this moment, and the most that ever did. */
  transfers: { current: number; peak: number };
  uploads: number;
  downloads: number;
  listings: number;
  bytesUp: number;
  bytesDown: number;
  /** Transfers refused with 522. */
  refusedDataChannels: number;
}

export class FtpServer implements AsyncDisposable {
  readonly knobs: FtpKnobs = defaultFtpKnobs();
  declare readonly counters: FtpCounters;
  /** Does not listen yet. */
  constructor(options: ServiceOptions & { readonly card: Card }) {
    throw new Error(`not built yet ${String(options)}`);
  }
  get port(): number {
    return 0;
  }
  /** Listens; after `close` on the same port again. @throws the listening error */
  async open(): Promise<void> {}
  /** Refuses from now on and ends every session, with RST or FIN. */
  async close(_how: "reset" | "end"): Promise<void> {}
  /** Ends every session and goes on listening, as when the access code changes. */
  drop(): void {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
