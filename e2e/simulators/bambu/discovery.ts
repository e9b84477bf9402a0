// SSDP-like announcements, and answers to searches.

import type { Journal } from "../admin/journal.ts";

/** What the printer tells to anybody who asks. */
export interface Introduction {
  readonly serial: string;
  /** "C12" */
  readonly modelCode: string;
  readonly name: string;
  /** "01.08.02.00" */
  readonly firmware: string;
  readonly connect: "lan" | "cloud" | "farm";
  readonly bind: "free" | "occupied";
  /** Without a port, as `Location` has it. */
  readonly address: string;
  /** "-57" */
  readonly signal: string;
}

export class Discovery implements AsyncDisposable {
  /** Neither announces nor answers. */
  silent = false;
  /** Where announcements go; undefined: nowhere. */
  announceTo: { readonly host: string; readonly port: number } | undefined;
  declare readonly counters: { announced: number; answered: number };
  /** Does not listen yet. @param everyMs between two announcements */
  constructor(options: {
    readonly host: string;
    /** Where searches are heard; 0: any free one. */
    readonly port: number;
    readonly announceTo: { readonly host: string; readonly port: number } | undefined;
    readonly everyMs: number;
    readonly introduce: () => Introduction;
    readonly journal: Journal;
  }) {
    throw new Error(`not built yet ${String(options)}`);
  }
  get port(): number {
    return 0;
  }
  /** @throws the listening error */
  async open(): Promise<void> {}
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
