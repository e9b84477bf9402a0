// Slows down who guesses credentials: each address has some wrong ones, and gets more only slowly.
// The same wrong one again is no guess: a program with a stale password must not lock out its
// neighbours behind the same address.

import { createHash } from "node:crypto";
import type { Clock } from "./clock.ts";

/** Wrong credentials that an address may show at once. */
const burst = 10;
/** Time after which it may show one more, ms. */
const refillMs = 10_000;
/** Addresses that are remembered; the longest silent is forgotten first. */
const maxAddresses = 1000;

interface Guesser {
  /** What it may still show at `atMs`; grows with time. */
  left: number;
  atMs: number;
  /** Digests of what it showed lately. */
  readonly wrong: Set<string>;
}

export class GuessLimit {
  readonly #clock: Clock;
  readonly #guessers = new Map<string, Guesser>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long this address must wait before a credential of its is looked at, ms; 0: it need not. */
  waitMs(address: string): number {
    const guesser = this.#guessers.get(address);
    if (guesser === undefined) return 0;
    const left = this.#left(guesser);
    return left >= 1 ? 0 : Math.ceil((1 - left) * refillMs);
  }

  /** Whether this address showed just this wrong credential lately. */
  isKnown(address: string, credential: string): boolean {
    return this.#guessers.get(address)?.wrong.has(digest(credential)) === true;
  }

  /** This address showed a wrong credential. True for the first in a while, which is worth a line in the log. */
  wrong(address: string, credential: string): boolean {
    const known = this.#guessers.get(address);
    const guesser = known ?? { left: burst, atMs: this.#clock.monotonic(), wrong: new Set<string>() };
    const isFirst = known === undefined || this.#left(known) >= burst;
    guesser.left = this.#left(guesser) - 1;
    guesser.atMs = this.#clock.monotonic();
    guesser.wrong.add(digest(credential));
    const [oldest] = guesser.wrong;
    if (guesser.wrong.size > burst && oldest !== undefined) guesser.wrong.delete(oldest);
    this.#guessers.delete(address);
    this.#guessers.set(address, guesser);
    const [silent] = this.#guessers.keys();
    if (this.#guessers.size > maxAddresses && silent !== undefined) this.#guessers.delete(silent);
    return isFirst;
  }

  #left({ left, atMs }: Guesser): number {
    return Math.min(burst, left + (this.#clock.monotonic() - atMs) / refillMs);
  }
}

/** The credential itself is not kept. */
function digest(credential: string): string {
  return createHash("sha256").update(credential).digest("base64");
}
