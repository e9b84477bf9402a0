// The printer's storage, in memory, one folder tree per medium. What the firmware knows of a G-code
// file is read from the slicer's comments.

import { createHash } from "node:crypto";

const media = ["local", "u-disk"] as const;
export type Medium = (typeof media)[number];

/** One filament that a file was sliced for. */
interface Tool {
  /** Its number in the G-code. */
  readonly tool: number;
  /** `#RRGGBB` */
  readonly color: string;
  readonly type: string;
}

export interface StoredFile {
  /** Relative to the medium's root, without a leading slash. */
  readonly name: string;
  readonly content: Buffer;
  /** Unix time, seconds. */
  readonly createdAt: number;
  readonly totalLayers: number;
  readonly layerHeightMillimeters: number;
  readonly printSeconds: number;
  readonly grams: number;
  readonly nozzleCelsius: number;
  readonly bedCelsius: number;
  /** Those that are used; never empty. */
  readonly tools: readonly Tool[];
  /** PNG as base64, when the slicer put one in. */
  readonly thumbnail: string | undefined;
  prints: number;
  /** Unix time, seconds; 0: never. */
  lastPrintedAt: number;
}

export class FileSystem {
  readonly #media: Readonly<Record<Medium, Map<string, StoredFile>>> = { local: new Map(), "u-disk": new Map() };

  get(medium: Medium, name: string): StoredFile | undefined {
    return this.#media[medium].get(name);
  }

  /** Oldest first. */
  list(medium: Medium): readonly StoredFile[] {
    return [...this.#media[medium].values()];
  }

  /** Bytes that all files of the internal storage take. */
  get usedBytes(): number {
    return this.list("local").reduce((sum, { content }) => sum + content.length, 0);
  }

  /** Writes a file, over one of the same name. */
  put(medium: Medium, name: string, content: Buffer, createdAt: number): StoredFile {
    const file: StoredFile = { name, content, createdAt, ...readComments(content), prints: 0, lastPrintedAt: 0 };
    this.#media[medium].delete(name);
    this.#media[medium].set(name, file);
    return file;
  }

  delete(medium: Medium, name: string): boolean {
    return this.#media[medium].delete(name);
  }
}

export function isMedium(value: unknown): value is Medium {
  return (media as readonly unknown[]).includes(value);
}

/** Lower-case hex. */
export function md5(content: Uint8Array): string {
  return createHash("md5").update(content).digest("hex");
}

type Comments = Omit<StoredFile, "name" | "content" | "createdAt" | "prints" | "lastPrintedAt">;

/** Slicers write these in the first or the last part of the file. */
function readComments(content: Buffer): Comments {
  const part = 256 * 1024;
  const text = `${content.toString("latin1", 0, part)}\n${content.toString("latin1", Math.max(part, content.length - part))}`;
  const number = (pattern: RegExp, fallback: number): number => {
    const value = Number(pattern.exec(text)?.[1]);
    return value > 0 ? value : fallback;
  };
  const gramsByTool = listed(/^; ?(?:total )?filament used \[g\] ?= ?([\d., ]+)/im.exec(text)?.[1]).map(Number);
  return {
    totalLayers: Math.round(number(/^; ?total layers? (?:number|count)[:=] ?(\d+)/im, 50)),
    layerHeightMillimeters: number(/^; ?layer_height ?= ?([\d.]+)/im, 0.2),
    printSeconds: duration(/^; ?estimated printing time.*?= ?(.+)$/im.exec(text)?.[1]) || 1200,
    grams: gramsByTool.reduce((sum, grams) => sum + grams, 0) || 12.5,
    nozzleCelsius: number(/^M10[49] [^;\n]*S(\d+)/m, 220),
    bedCelsius: number(/^M1[49]0 [^;\n]*S(\d+)/m, 60),
    tools: readTools(text, gramsByTool),
    thumbnail: readThumbnail(text),
  };
}

/** A tool is used when it takes filament. */
function readTools(text: string, gramsByTool: readonly number[]): readonly Tool[] {
  const colors = listed(/^; ?filament_colou?r ?= ?(.+)$/im.exec(text)?.[1]);
  const types = listed(/^; ?filament_type ?= ?(.+)$/im.exec(text)?.[1]);
  const tools = (gramsByTool.length === 0 ? [1] : gramsByTool).flatMap((grams, tool) =>
    grams > 0 ? [{ tool, color: colors[tool] ?? "#FFFFFF", type: types[tool] ?? "PLA" }] : [],
  );
  return tools.length > 0 ? tools : [{ tool: 0, color: "#FFFFFF", type: "PLA" }];
}

function readThumbnail(text: string): string | undefined {
  const block = /^; thumbnail begin [^\n]*\n([\s\S]*?)^; thumbnail end/m.exec(text)?.[1];
  return block?.replaceAll(/[^A-Za-z0-9+/=]/g, "");
}

function listed(text = ""): readonly string[] {
  return text
    .split(/[,;]/)
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** `1d 2h 3m 4s` in seconds; 0 when it says nothing. */
function duration(text = ""): number {
  const unitSeconds: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };
  return [...text.matchAll(/(\d+)\s*([dhms])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitSeconds[unit ?? ""] ?? 0),
    0,
  );
}
