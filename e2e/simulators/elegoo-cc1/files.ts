// The printer's storage, in memory: names are full paths, as on the wire. What the firmware knows of
// a G-code file is read from the slicer's comments.

import { createHash } from "node:crypto";
import { endsOf, positive, readSlicerComments, type SlicerComments } from "../elegoo/slicer-comments.ts";

export interface StoredFile extends SlicerComments {
  /** `/local/NAME` */
  readonly path: string;
  readonly content: Buffer;
  readonly md5: string;
  /** Unix time, seconds. */
  readonly createdAt: number;
  readonly grams: number;
}

/** Where comments are looked for, at either end of a file. */
const partBytes = 64 * 1024;

/** A name without a leading slash means internal storage. */
export function fullPath(name: string): string {
  return name.startsWith("/") ? name : `/local/${name}`;
}

export class FileSystem {
  readonly #files = new Map<string, StoredFile>();

  get(path: string): StoredFile | undefined {
    return this.#files.get(path);
  }

  /** The files directly in a folder, oldest first. */
  list(folder: string): readonly StoredFile[] {
    const prefix = folder.endsWith("/") ? folder : `${folder}/`;
    return [...this.#files.values()].filter(
      ({ path }) => path.startsWith(prefix) && !path.slice(prefix.length).includes("/"),
    );
  }

  /** Bytes that all files take. */
  get usedBytes(): number {
    return this.#files.values().reduce((sum, { content }) => sum + content.length, 0);
  }

  /** Writes a file, over one of the same path. */
  put(path: string, content: Buffer, createdAt: number): StoredFile {
    const file = { path, content, createdAt, md5: md5(content), ...readComments(content) };
    this.#files.delete(path);
    this.#files.set(path, file);
    return file;
  }

  delete(path: string): boolean {
    return this.#files.delete(path);
  }

  rename(from: string, to: string): boolean {
    const file = this.#files.get(from);
    if (file === undefined) return false;
    this.#files.delete(from);
    this.#files.set(to, { ...file, path: to });
    return true;
  }
}

/** Lower-case hex. */
export function md5(content: Uint8Array): string {
  return createHash("md5").update(content).digest("hex");
}

type Comments = Omit<StoredFile, "path" | "content" | "md5" | "createdAt">;

function readComments(content: Buffer): Comments {
  const text = endsOf(content, partBytes);
  return {
    ...readSlicerComments(text),
    grams: positive(text, /^; ?(?:total )?filament used \[g\] ?= ?([\d.]+)/im, 12.5),
  };
}
