// The printer's card: a folder on disk, so that files of any size stream through, and the paths of
// the printer in it. What may be done over the network is ftp/'s affair, not this file's.

import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { pipeline } from "node:stream/promises";

/** `full`: nothing more can be written. `removed`: there is no card, whatever is on it. */
export type CardState = "present" | "full" | "removed";

export interface CardEntry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

const folders = ["cache", "timelapse/thumbnail", "model", "logs"];
const defaultCapacityBytes = 32 * 1024 ** 3;
/** What no file on the card's file system can be called. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const illegalCharacters = /[\u0000-\u001F\u007F\\:*?"<>|]/;
const longestNameBytes = 255;

export class Card implements AsyncDisposable {
  state: CardState = "present";
  /** Bytes, used and free together. */
  capacityBytes = defaultCapacityBytes;
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** An empty card with the folders the firmware makes, in a temporary folder of its own. */
  static async create(): Promise<Card> {
    const card = new Card(await mkdtemp(join(tmpdir(), "gantry-bambu-card-")));
    await card.#makeFolders();
    return card;
  }

  /**
   * Where the card's `path` lies on disk, whether or not it is there.
   * @param path on the card; `..` never leads out of it
   * @returns undefined when there is no card, or for a name the card cannot have
   */
  locate(path: string): string | undefined {
    if (this.state === "removed") return undefined;
    const parts = posix.resolve("/", path).split("/").filter(Boolean);
    const legal = parts.every((part) => !illegalCharacters.test(part) && Buffer.byteLength(part) <= longestNameBytes);
    return legal ? join(this.#root, ...parts) : undefined;
  }

  /** @returns undefined for what is not there. */
  async entry(path: string): Promise<CardEntry | undefined> {
    const file = this.locate(path);
    return file === undefined ? undefined : entryAt(file, posix.basename(posix.resolve("/", path)));
  }

  /** What is in a folder, by name; undefined when it is none. */
  async list(path: string): Promise<readonly CardEntry[] | undefined> {
    const folder = this.locate(path);
    if (folder === undefined) return undefined;
    const names = await readdir(folder).catch(() => undefined);
    if (names === undefined) return undefined;
    const entries = await Promise.all(names.toSorted().map(async (name) => entryAt(join(folder, name), name)));
    return entries.filter((entry) => entry !== undefined);
  }

  /** Writes a whole file, making its folders; for the machine itself and for tests. @throws Error without a card */
  async put(path: string, content: Uint8Array | string): Promise<void> {
    const file = this.locate(path);
    if (file === undefined) throw new Error(`the card cannot take ${path}`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  /** Deletes a file or a whole folder, if it is there. */
  async remove(path: string): Promise<void> {
    const file = this.locate(path);
    if (file !== undefined && file !== this.#root) await rm(file, { recursive: true, force: true });
  }

  /** MD5 of a file, upper-case hex as the slicer writes it; undefined when it is not there. */
  async md5(path: string): Promise<string | undefined> {
    const file = this.locate(path);
    if (file === undefined || (await this.entry(path))?.isFolder !== false) return undefined;
    const hash = createHash("md5");
    await pipeline(createReadStream(file), hash);
    return hash.digest("hex").toUpperCase();
  }

  /** Bytes that can still be written; 0 on a full card and without one. */
  async freeBytes(): Promise<number> {
    if (this.state !== "present") return 0;
    return Math.max(0, this.capacityBytes - (await usedBytes(this.#root)));
  }

  /** Empties the card and makes its folders anew. */
  async format(): Promise<void> {
    for (const name of await readdir(this.#root)) await rm(join(this.#root, name), { recursive: true, force: true });
    await this.#makeFolders();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true, maxRetries: 3 });
  }

  async #makeFolders(): Promise<void> {
    for (const folder of folders) await mkdir(join(this.#root, folder), { recursive: true });
  }
}

async function entryAt(file: string, name: string): Promise<CardEntry | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return undefined;
  const isFolder = found.isDirectory();
  return { name, isFolder, sizeBytes: isFolder ? 4096 : found.size, modifiedAt: found.mtime };
}

async function usedBytes(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    // A file may be deleted while it is counted.
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
