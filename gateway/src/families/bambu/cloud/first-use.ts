// When a token was first used, kept in `cloud-token.json` of each printer's folder: tokens end some 90
// days after they were given and do not say so themselves. Of the token only a short hash is kept.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "@gantry/platform/log";

export class FirstUse {
  readonly #mark: string;
  readonly #folders = new Map<string, Log>();
  #atMs: number | null = null;

  constructor(token: string) {
    this.#mark = createHash("sha256").update(token).digest("hex").slice(0, 16);
  }

  /** Unix ms; null while it was not used. */
  get atMs(): number | null {
    return this.#atMs;
  }

  /** Takes what is written there, and writes there from now on. */
  keepIn(folder: string, log: Log): void {
    if (this.#folders.has(folder)) return;
    this.#folders.set(folder, log);
    const written = read(join(folder, fileName), this.#mark);
    this.#take(written ?? this.#atMs);
  }

  /** The token worked at this time, Unix ms. */
  used(nowMs: number): void {
    if (this.#atMs === null) this.#take(nowMs);
  }

  /** The earliest that any folder knows is told to all. */
  #take(atMs: number | null): void {
    if (atMs === null) return;
    this.#atMs = Math.min(atMs, this.#atMs ?? atMs);
    for (const [folder, log] of this.#folders) this.#write(folder, this.#atMs, log);
  }

  #write(folder: string, atMs: number, log: Log): void {
    const file = join(folder, fileName);
    if (read(file, this.#mark) === atMs) return;
    try {
      mkdirSync(folder, { recursive: true });
      const text = JSON.stringify({ token: this.#mark, firstUsedAt: new Date(atMs).toISOString() });
      writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      log.warn("the first use of the cloud token cannot be remembered", { file, error });
    }
  }
}

const fileName = "cloud-token.json";

/** Unix ms; null where nothing is written of this token. */
function read(file: string, mark: string): number | null {
  try {
    const { token, firstUsedAt } = JSON.parse(readFileSync(file, "utf8")) as { token?: unknown; firstUsedAt?: unknown };
    const atMs = Date.parse(String(firstUsedAt));
    return token === mark && Number.isFinite(atMs) ? atMs : null;
  } catch {
    return null; // none yet, or not ours: it is written anew
  }
}
