// What the simulated cloud knows: one account, its tokens with their age, its printer, and how it
// misbehaves. No sockets. Sources: ../README.md.

import { randomBytes } from "node:crypto";
import type { Journal } from "../admin/journal.ts";

/** What answers every request in place of the cloud. */
export type Guard = "none" | "html-403" | "418" | "429" | "html-503" | "500" | "truncated";

export interface Knobs {
  guard: Guard;
  /** Before each answer. */
  delayMs: number;
  /** So many requests get a 401 that says nothing. */
  bare401: number;
  devicesNull: boolean;
  /** The documented addresses answer 404, or the undocumented ones do. */
  gone: "none" | "documented" | "undocumented" | "both";
  online: boolean;
  brokerRefuses: boolean;
}

export interface Counters {
  /** By `METHOD path`. */
  requests: Record<string, number>;
  /** Anything but GET, besides logging in. */
  writes: number;
  codesSent: number;
  userAgents: string[];
  mqtt: { logins: number; refused: number; open: number };
}

const tokenDays = 90;
const dayMs = 86_400_000;

export class Cloud {
  readonly knobs: Knobs = {
    guard: "none",
    delayMs: 0,
    bare401: 0,
    devicesNull: false,
    gone: "undocumented",
    online: true,
    brokerRefuses: false,
  };
  readonly counters: Counters = {
    requests: {},
    writes: 0,
    codesSent: 0,
    userAgents: [],
    mqtt: { logins: 0, refused: 0, open: 0 },
  };
  readonly journal: Journal;
  readonly uid: number;
  readonly serial: string;
  readonly accessCode: string;
  /** Token to the time it was given. */
  readonly #tokens = new Map<string, number>();
  #aheadMs = 0;

  constructor(options: Pick<Cloud, "journal" | "uid" | "serial" | "accessCode">) {
    this.journal = options.journal;
    this.uid = options.uid;
    this.serial = options.serial;
    this.accessCode = options.accessCode;
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  advance(seconds: number): void {
    this.#aheadMs += seconds * 1000;
  }

  giveToken(token: string = randomBytes(48).toString("base64url")): string {
    this.#tokens.set(token, this.now());
    return token;
  }

  endTokens(): void {
    this.#tokens.clear();
  }

  takes(token: string): boolean {
    const givenMs = this.#tokens.get(token);
    return givenMs !== undefined && this.now() - givenMs < tokenDays * dayMs;
  }
}
