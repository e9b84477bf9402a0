// The printer's storage, in memory, one folder tree per medium. What the firmware knows of a G-code
// file is read from the slicer's comments.

import { createHash } from "node:crypto";
import { endsOf, readSlicerComments, type SlicerComments } from "../elegoo/slicer-comments.ts";

/** Where comments are looked for, at either end of a file. */
const partBytes = 256 * 1024;
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

export interface StoredFile extends SlicerComments {
  /** Relative to the medium's root, without a leading slash. */
  readonly name: string;
  readonly content: Buffer;
  /** Unix time, seconds. */
  readonly createdAt: number;
  readonly grams: number;
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

function readComments(content: Buffer): Comments {
  const text = endsOf(content, partBytes);
  const gramsByTool = listed(/^; ?(?:total )?filament used \[g\] ?= ?([\d., ]+)/im.exec(text)?.[1]).map(Number);
  return {
    ...readSlicerComments(text),
    grams: gramsByTool.reduce((sum, grams) => sum + grams, 0) || 12.5,
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
