// The certificate of one port that was seen first, kept in a file: `certificate-<port>.sha256` in
// the printer's folder. Another one is refused until somebody takes the file away.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "@gantry/platform/log";
import { PrinterError } from "../../../model/errors.ts";

const retryMs = 60_000;

export interface PinOptions {
  readonly port: number;
  readonly folder: string;
  readonly log: Log;
}

export class Pin {
  readonly #options: PinOptions;
  readonly #file: string;

  constructor(options: PinOptions) {
    this.#options = options;
    this.#file = join(options.folder, `certificate-${options.port}.sha256`);
  }

  /**
   * Takes the first fingerprint (lower-case hex), and from then on no other.
   * @throws PrinterError `printer_auth` for another one; `internal` when it cannot be kept
   */
  check(seen: string): void {
    const kept = this.#read();
    if (kept === undefined) return this.#learn(seen);
    if (kept === seen) return undefined;
    const { port } = this.#options;
    const words =
      `the certificate on port ${port} has changed: SHA-256 ${short(kept)} was pinned, ${short(seen)} was shown. ` +
      `If you know why (a new mainboard, a reset), delete ${this.#file}`;
    throw new PrinterError("printer_auth", words, { retryAfterMs: retryMs });
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#file, "utf8").trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new PrinterError("internal", `the pinned certificate ${this.#file} cannot be read`, { cause: error });
    }
  }

  #learn(seen: string): void {
    const { folder, port, log } = this.#options;
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${this.#file}.new`, `${seen}\n`, { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      throw new PrinterError("internal", `the certificate cannot be pinned in ${folder}`, { cause: error });
    }
    log.info("the printer's certificate is pinned from now on", { port, sha256: seen });
  }
}

/** Enough to tell two apart. */
function short(sha256: string): string {
  return `${sha256.slice(0, 16)}…`;
}
