// The printer's storage, in memory: names are full paths, as on the wire. What the firmware knows of
// a G-code file is read from the slicer's comments.

import { createHash } from "node:crypto";

export interface StoredFile {
  /** `/local/NAME` */
  readonly path: string;
  readonly content: Buffer;
  readonly md5: string;
  /** Unix time, seconds. */
  readonly createdAt: number;
  readonly totalLayers: number;
  readonly layerHeightMillimeters: number;
  readonly printSeconds: number;
  readonly grams: number;
  readonly nozzleCelsius: number;
  readonly bedCelsius: number;
}

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

/** Slicers write these in the first or the last part of the file. */
function readComments(content: Buffer): Comments {
  const part = 64 * 1024;
  const text = `${content.toString("latin1", 0, part)}\n${content.toString("latin1", Math.max(part, content.length - part))}`;
  const number = (pattern: RegExp, fallback: number): number => {
    const value = Number(pattern.exec(text)?.[1]);
    return value > 0 ? value : fallback;
  };
  return {
    totalLayers: Math.round(number(/^; ?total layers? (?:number|count)[:=] ?(\d+)/im, 50)),
    layerHeightMillimeters: number(/^; ?layer_height ?= ?([\d.]+)/im, 0.2),
    printSeconds: duration(/^; ?estimated printing time.*?= ?(.+)$/im.exec(text)?.[1]) || 1200,
    grams: number(/^; ?(?:total )?filament used \[g\] ?= ?([\d.]+)/im, 12.5),
    nozzleCelsius: number(/^M10[49] [^;\n]*S(\d+)/m, 220),
    bedCelsius: number(/^M1[49]0 [^;\n]*S(\d+)/m, 60),
  };
}

/** `1d 2h 3m 4s` in seconds; 0 when it says nothing. */
function duration(text = ""): number {
  const unitSeconds: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };
  return [...text.matchAll(/(\d+)\s*([dhms])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitSeconds[unit ?? ""] ?? 0),
    0,
  );
}
