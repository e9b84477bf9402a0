// What each network service of the simulated printer is given by the one that composes them.

import type { TlsOptions } from "node:tls";
import type { Journal } from "../admin/journal.ts";

export interface ServiceOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** From `serverTls`. */
  readonly tls: TlsOptions;
  /** Asked at every login, so that a changed code counts at once. */
  readonly accessCode: () => string;
  readonly journal: Journal;
}

/** The only user there is, for files and cameras. */
export const userName = "bblp";
