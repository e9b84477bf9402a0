// Which names on the printer's card are touched, and how they are written. Not the transfers.
// Rules: the printer parses a job's URL naively and its card is FAT (README).

import { PrinterError } from "../../../model/errors.ts";

export const fileTypes: readonly string[] = [".gcode", ".3mf", ".stl"];
/** Where files lie that can be printed: the card's root, and what slicers and the cloud sent. */
export const folders = ["", "cache/"] as const;
/** What an upload is called until it is whole. One name, so that at most one can be left behind. */
export const partialName = "gantry-upload.part";
const longestBytes = 255;

const isForbidden = /[<>:"/\\|?*]|\p{Cc}/u;

export function isFileType(name: string): boolean {
  const lower = name.toLowerCase();
  return fileTypes.some((ending) => lower.endsWith(ending) && lower.length > ending.length);
}

/**
 * The path of a file as the printer's FTP server takes it: "/cache/a.3mf" for "cache/a.3mf".
 * @throws PrinterError `invalid_input` for anything but a file in the root or in `cache`
 */
export function storedPath(name: string): string {
  const { folder, base } = split(name);
  if (base === "" || isForbidden.test(base) || base === "." || base === "..") {
    throw wrong("a file in the printer's root or in cache/, as the file list names it");
  }
  if (!isFileType(base)) throw wrong(`a file that ends in ${fileTypes.join(", ")}`);
  return `/${folder}${base}`;
}

/**
 * The same for a file that is to be stored. Its name must be one that the printer can start later.
 * @throws PrinterError `file_type`, or `invalid_input` with a name that would do
 */
export function storablePath(name: string): string {
  const { base } = split(name);
  if (!isFileType(base)) throw new PrinterError("file_type", `only ${fileTypes.join(", ")} files go onto the printer`);
  const path = storedPath(name);
  if (!/^[\x21-\x7e]+$/u.test(base) || Buffer.byteLength(base) > longestBytes) {
    throw wrong(`up to ${longestBytes} plain letters, digits and signs without spaces; call it ${plain(base)}`);
  }
  return path;
}

/** The name for the file list, which `start` takes; undefined for what is no file to print. */
export function listedName(folder: string, base: string): string | undefined {
  return isFileType(base) && !isForbidden.test(base) ? `${folder}${base}` : undefined;
}

function split(name: string): { folder: string; base: string } {
  const folder = folders.find((known) => known !== "" && name.startsWith(known)) ?? "";
  return { folder, base: name.slice(folder.length) };
}

/** A name after the rules, near the one that was wished for. */
function plain(base: string): string {
  const dot = base.toLowerCase().endsWith(".gcode.3mf") ? base.length - ".gcode.3mf".length : base.lastIndexOf(".");
  const stem = base
    .slice(0, dot)
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^\x21-\x7e]+/gu, "_");
  return `${stem.slice(0, 100)}${base.slice(dot)}`;
}

function wrong(message: string): PrinterError {
  return new PrinterError("invalid_input", `/file: ${message}`, { problems: [{ pointer: "/file", message }] });
}
