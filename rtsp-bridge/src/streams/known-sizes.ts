// The last picture size of each camera, kept in `<dataDir>/streams.json` over a restart, so that
// an encoder can be started before the camera has said anything. Losing it costs one slow start.

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@gantry/platform/log";
import * as z from "zod";
import type { PictureSize } from "../ffmpeg/jpeg.ts";

const side = z.int().min(2).max(8192);
const fileSchema = z.object({ sizes: z.record(z.string(), z.object({ width: side, height: side })) });

export class KnownSizes {
  readonly #dataDir: string;
  readonly #log: Log;
  readonly #sizes: Map<string, PictureSize>;
  #written: Promise<void> = Promise.resolve();

  private constructor(dataDir: string, log: Log, sizes: Map<string, PictureSize>) {
    this.#dataDir = dataDir;
    this.#log = log;
    this.#sizes = sizes;
  }

  /** Reads the file; one that cannot be read is as good as none, and told of. */
  static async open(dataDir: string, log: Log): Promise<KnownSizes> {
    try {
      const file = fileSchema.parse(JSON.parse(await readFile(join(dataDir, "streams.json"), "utf8")));
      return new KnownSizes(dataDir, log, new Map(Object.entries(file.sizes)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        log.warn("the known picture sizes cannot be read and are learned anew", { file: "streams.json", error });
      }
      return new KnownSizes(dataDir, log, new Map());
    }
  }

  get(id: string): PictureSize | undefined {
    return this.#sizes.get(id);
  }

  /** Remembers it, and writes it down after any write under way. */
  set(id: string, size: PictureSize): void {
    const known = this.#sizes.get(id);
    if (known?.width === size.width && known.height === size.height) return;
    this.#sizes.set(id, size);
    this.#written = this.#written.then(async () => this.#write());
  }

  /** Resolves when all is written. */
  async flushed(): Promise<void> {
    await this.#written;
  }

  async #write(): Promise<void> {
    const file = join(this.#dataDir, "streams.json");
    try {
      await mkdir(this.#dataDir, { recursive: true });
      await writeFile(`${file}.new`, `${JSON.stringify({ sizes: Object.fromEntries(this.#sizes) }, null, 2)}\n`);
      await rename(`${file}.new`, file);
    } catch (error) {
      this.#log.warn("the known picture sizes cannot be written", { file, error });
    }
  }
}
