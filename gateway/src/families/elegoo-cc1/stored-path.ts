// Names of stored files: as people know them, and as the wire spells them. Text only.

import { PrinterError } from "../../model/errors.ts";

const storage = "/local/";

/** `/local/cube.gcode` → `cube.gcode`; a path elsewhere stays whole. */
export function nameOf(path: string): string {
  return path.startsWith(storage) ? path.slice(storage.length) : path;
}

/**
 * `cube.gcode` → `/local/cube.gcode`: a file in the internal storage.
 * @throws PrinterError `invalid_input`
 */
export function localPath(file: string): string {
  const path = file.startsWith("/") ? file : `${storage}${file}`;
  if (path.startsWith(storage) && isPlain(path)) return path;
  throw notStored("a file of the printer's own storage, as its file list shows it");
}

/**
 * The same for a file to print, which may also lie on a USB stick.
 * @throws PrinterError `invalid_input`
 */
export function printablePath(file: string): string {
  const path = file.startsWith("/") ? file : `${storage}${file}`;
  if (/^\/(local|usb|udisk)\/.+\.gcode$/iu.test(path) && isPlain(path)) return path;
  throw notStored("a .gcode file in the printer's storage, without .. or control characters");
}

/**
 * A name under which a file can be stored: uploads always go to the top of the internal storage.
 * @throws PrinterError `invalid_input`
 */
export function uploadName(file: string): string {
  const name = nameOf(file);
  const plain = isPlain(name) && !/["/]/u.test(name) && !name.startsWith(".");
  if (plain && /.\.gcode$/iu.test(name) && Buffer.byteLength(name) <= 200) return name;
  throw notStored("a .gcode name of at most 200 bytes, without folders, quotes or control characters");
}

function isPlain(path: string): boolean {
  return !/[\p{Cc}\\]/u.test(path) && path.split("/").every((part) => part !== ".." && part !== ".");
}

function notStored(message: string): PrinterError {
  return new PrinterError("invalid_input", `the file cannot be named so on this printer: give ${message}`, {
    problems: [{ pointer: "/file", message }],
  });
}
