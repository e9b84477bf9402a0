// Names of files as users write them ↔ as the printer stores them. Pure.

import { PrinterError } from "../../model/errors.ts";

export type StorageMedia = "local" | "u-disk" | "sd-card";

export interface StoredName {
  readonly storage_media: StorageMedia;
  /** Relative to the root of its storage. */
  readonly filename: string;
}

const removable = ["u-disk", "sd-card"] as const;

/** `cube.gcode` is in the printer's own storage, `u-disk/cube.gcode` on the stick. */
export function storedFile(name: string): StoredName {
  for (const storage of removable) {
    if (name.startsWith(`${storage}/`)) return { storage_media: storage, filename: name.slice(storage.length + 1) };
  }
  return { storage_media: "local", filename: name.replace(/^(local)?\//u, "") };
}

/** The name users know a stored file by. */
export function userName(storage: StorageMedia, filename: string): string {
  return storage === "local" ? filename : `${storage}/${filename}`;
}

/**
 * A file that may be printed or deleted.
 * @throws PrinterError `invalid_input` unless it is a `.gcode` file inside the printer's storage
 */
export function printable(name: string): StoredName {
  const file = storedFile(name);
  const parts = file.filename.split("/");
  const inside = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (inside && !/[\p{Cc}\\]/u.test(name) && /\.gcode$/iu.test(file.filename)) return file;
  const problems = [
    { pointer: "/file", message: "a .gcode file in the printer's storage, without .. or control characters" },
  ];
  const words = "the printer prints stored .gcode files: give a name as its file list shows it";
  throw new PrinterError("invalid_input", words, { problems });
}
