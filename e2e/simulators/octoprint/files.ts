// OctoPrint's uploads folder, in memory: paths with slashes, names cleaned as OctoPrint cleans them,
// and what its analysis finds in a G-code file. The machine's own card is a list beside it.

import { createHash } from "node:crypto";

export interface StoredFile {
  readonly path: string;
  /** As it was uploaded, before the name was cleaned. */
  readonly display: string;
  readonly content: Buffer;
  /** Unix time, seconds. */
  readonly date: number;
  readonly sha1: string;
  readonly user: string;
  readonly printSeconds: number;
  readonly nozzleCelsius: number;
  readonly bedCelsius: number;
  success: number;
  failure: number;
  lastPrintTime: number | null;
}

export interface CardFile {
  readonly path: string;
  readonly size: number;
}

export const totalBytes = 32_000_000_000;
const extensions = [".gcode", ".gco", ".g"];

export class FileSystem {
  readonly card: readonly CardFile[] = [{ path: "CALIBR~1.GCO", size: 48_211 }];
  readonly #files = new Map<string, StoredFile>();
  readonly #folders = new Set<string>();
  full = false;

  get(path: string): StoredFile | undefined {
    return this.#files.get(path);
  }

  hasFolder(path: string): boolean {
    return path === "" || this.#folders.has(path);
  }

  get freeBytes(): number {
    if (this.full) return 0;
    return this.#files.values().reduce((free, { content }) => free - content.length, totalBytes);
  }

  /** What lies directly in a folder, folders first. */
  children(folder: string): { readonly folders: readonly string[]; readonly files: readonly StoredFile[] } {
    const prefix = folder === "" ? "" : `${folder}/`;
    const direct = (path: string): boolean => path.startsWith(prefix) && !path.slice(prefix.length).includes("/");
    return {
      folders: [...this.#folders].filter((path) => direct(path)),
      files: [...this.#files.values()].filter(({ path }) => direct(path)),
    };
  }

  /** Makes a folder and those above it. */
  makeFolder(path: string): void {
    if (path === "") return;
    this.makeFolder(path.split("/").slice(0, -1).join("/"));
    this.#folders.add(path);
  }

  put(folder: string, display: string, content: Buffer, date: number): StoredFile {
    this.makeFolder(folder);
    const name = cleanName(display);
    const path = folder === "" ? name : `${folder}/${name}`;
    const sha1 = createHash("sha1").update(content).digest("hex");
    const history = { success: 0, failure: 0, lastPrintTime: null };
    const file = { path, display, content, date, sha1, user: "admin", ...analyse(content), ...history };
    this.#files.set(path, file);
    return file;
  }

  /** A folder goes with all in it. */
  delete(path: string): boolean {
    const below = [...this.#files.keys(), ...this.#folders].filter((other) => other.startsWith(`${path}/`));
    for (const other of below) {
      this.#files.delete(other);
      this.#folders.delete(other);
    }
    return this.#files.delete(path) || this.#folders.delete(path);
  }
}

/** pathvalidate's `sanitize_filename`, and no leading dots. */
export function cleanName(name: string): string {
  return name.replaceAll(/[<>:"|?*\p{Cc}]/gu, "").replace(/^\.+/u, "");
}

export function isPrintable(name: string): boolean {
  return extensions.some((extension) => name.toLowerCase().endsWith(extension));
}

type Analysis = Pick<StoredFile, "printSeconds" | "nozzleCelsius" | "bedCelsius">;

/** From the slicer's estimate where there is one, else from the moves. */
function analyse(content: Buffer): Analysis {
  const text = content.toString("latin1");
  const first = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].map(([, value]) => Number(value)).find(Boolean) ?? 0;
  return {
    printSeconds: slicerSeconds(text) ?? moveSeconds(text),
    nozzleCelsius: first(/^M10[49] [^;\n]*S(\d+)/gmu),
    bedCelsius: first(/^M1[49]0 [^;\n]*S(\d+)/gmu),
  };
}

/** `; estimated printing time (normal mode) = 1h 20m 5s` */
function slicerSeconds(text: string): number | undefined {
  const [, words] = /^; ?estimated printing time.*?= ?(.+)$/imu.exec(text) ?? [];
  if (words === undefined) return undefined;
  const units: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };
  const parts = [...words.matchAll(/(\d+)\s*([dhms])/gu)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ""] ?? 0), 0);
}

/** Distance by feed rate, absolute coordinates. */
function moveSeconds(text: string): number {
  const at: Record<string, number> = { X: 0, Y: 0, Z: 0, F: 1500 };
  let seconds = 0;
  for (const [line] of text.matchAll(/^G[01] .*$/gmu)) {
    const before = { ...at };
    for (const [, letter = "", value] of line.matchAll(/([XYZF])(-?[\d.]+)/gu)) at[letter] = Number(value);
    const distance = Math.hypot(...["X", "Y", "Z"].map((axis) => (at[axis] ?? 0) - (before[axis] ?? 0)));
    seconds += (distance * 60) / Math.max(1, at["F"] ?? 1500);
  }
  return Math.max(1, seconds);
}
