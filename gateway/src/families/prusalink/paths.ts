// Names of stored files: `cube.gcode` in the printer's first storage, `/usb/cube.gcode` in another.
// PrusaLink's own paths begin with the storage; what is shown of a job does not always.

import { PrinterError } from "../../model/errors.ts";
import type { Storage } from "../../model/printer.ts";
import { text, type Fields } from "./answers.ts";

export interface StoredPath {
  /** `local`, `usb`, `sdcard` */
  readonly storage: string;
  /** Below it, without a leading slash. */
  readonly path: string;
}

/** Where files go that name no storage. */
export function firstStorage(storages: readonly Storage[]): string {
  return storages[0]?.id ?? "local";
}

/** @throws PrinterError `invalid_input` */
export function storedPath(file: string, storages: readonly Storage[]): StoredPath {
  const [, named, below] = /^\/([a-z]+)\/(.+)$/u.exec(file) ?? [];
  const path = below ?? file;
  const odd = path.split("/").some((part) => part === "" || part === "." || part === "..");
  if (odd || /[\p{Cc}\\]/u.test(path)) {
    const message = "give the name of a stored file as the file list shows it, without .. and backslashes";
    throw new PrinterError("invalid_input", message, { problems: [{ pointer: "/file", message }] });
  }
  return { storage: named ?? firstStorage(storages), path };
}

/** The address of a file or folder. */
export function apiPath({ storage, path }: StoredPath): string {
  const parts = [storage, ...path.split("/").filter((part) => part !== "")];
  return `/api/v1/files/${parts.map(encodeURIComponent).join("/")}`;
}

/** The name under which a file is listed. */
export function listedName({ storage, path }: StoredPath, storages: readonly Storage[]): string {
  return storage === firstStorage(storages) ? path : `/${storage}/${path}`;
}

/**
 * The listed name of the file of a job. Its path is the whole one on the Pi, which calls the local
 * storage by the name of its folder, and the folder alone on Buddy boards.
 */
export function jobFile(file: Fields, storages: readonly Storage[]): string | null {
  const shown = text(file["display_name"]) ?? text(file["name"]);
  if (shown === null) return null;
  const path = text(file["display_path"]) ?? text(file["path"]) ?? "";
  const names = [shown, text(file["name"])];
  const parts = path.split("/").filter((part) => part !== "");
  const [storage = "", ...folders] = names.includes(parts.at(-1) ?? "") ? parts.slice(0, -1) : parts;
  const known = storages.find(({ id }) => id === storage)?.id ?? firstStorage(storages);
  return listedName({ storage: known, path: [...folders, shown].join("/") }, storages);
}
