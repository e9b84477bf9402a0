// What is learned about cameras and encoders and must outlast a restart: small JSON files in the
// data directory, so that a first viewer does not wait for what was known before. Losing one costs
// one slower start.

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Log } from "@gantry/platform/log";
import * as z from "zod";

/** More than any home has cameras; old entries go first. */
const maxEntries = 200;

interface KeptOptions<Value> {
  readonly dataDir: string;
  readonly fileName: string;
  readonly value: z.ZodType<Value>;
  readonly log: Log;
}

export class Kept<Value> {
  readonly #options: KeptOptions<Value>;
  readonly #entries: Map<string, Value>;
  #written: Promise<void> = Promise.resolve();

  private constructor(options: KeptOptions<Value>, entries: Map<string, Value>) {
    this.#options = options;
    this.#entries = entries;
  }

  /** Reads the file; one that cannot be read is as good as none, and told of. */
  static async open<Value>(options: KeptOptions<Value>): Promise<Kept<Value>> {
    const { dataDir, fileName, value, log } = options;
    try {
      const text = await readFile(join(dataDir, fileName), "utf8");
      const file = z.object({ known: z.record(z.string(), value) }).parse(JSON.parse(text));
      return new Kept(options, new Map(Object.entries(file.known)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        log.warn("what was known of the cameras cannot be read and is learned anew", { file: fileName, error });
      }
      return new Kept(options, new Map<string, Value>());
    }
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  /** Remembers it, and writes it down after any write under way. */
  set(key: string, value: Value): void {
    if (isDeepStrictEqual(this.#entries.get(key), value)) return;
    this.#entries.set(key, value);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > maxEntries && oldest !== undefined) this.#entries.delete(oldest);
    this.#written = this.#written.then(async () => this.#write());
  }

  /** Resolves when all is written. */
  async flushed(): Promise<void> {
    await this.#written;
  }

  async #write(): Promise<void> {
    const { dataDir, fileName, log } = this.#options;
    const file = join(dataDir, fileName);
    try {
      await mkdir(dataDir, { recursive: true });
      await writeFile(`${file}.new`, `${JSON.stringify({ known: Object.fromEntries(this.#entries) }, null, 2)}\n`);
      await rename(`${file}.new`, file);
    } catch (error) {
      log.warn("what is known of the cameras cannot be written", { file, error });
    }
  }
}
