// Methods 1044 to 1048: the printer's storage.

import { errorCode } from "./errors.ts";
import { isMedium, type Medium, type StoredFile } from "./files.ts";
import type { Method } from "./method.ts";
import type { Printer } from "./printer.ts";
import { type JsonObject, storageBytes } from "./status.ts";

export const fileMethods: Readonly<Record<number, Method>> = {
  1044: listFiles,
  1045: (printer, { storage_media: medium, file_name: name }) => {
    const file = find(printer, medium, name);
    if (typeof file === "number") return file;
    // A file without a picture has no such key at all.
    return file.thumbnail === undefined ? {} : { thumbnail: file.thumbnail };
  },
  1046: (printer, { storage_media: medium, filename: name }) => {
    const file = find(printer, medium, name);
    return typeof file === "number" ? file : fileItem(file);
  },
  1047: deleteFiles,
  1048: ({ files }) => ({ total_bytes: storageBytes, used_bytes: files.usedBytes }),
};

const pageSize = 100;

function listFiles(printer: Printer, params: JsonObject): JsonObject | number {
  const { storage_media: medium = "local", offset = 0, limit = pageSize } = params;
  if (!isMedium(medium) || !isCount(offset) || !isCount(limit)) return errorCode.invalidParameter;
  if (!isThere(printer, medium)) return errorCode.cannotOpenFolder;
  const files = printer.files.list(medium);
  return { file_list: files.slice(offset, offset + limit).map(fileItem), offset, total: files.length };
}

function find(printer: Printer, medium: unknown = "local", name: unknown): StoredFile | number {
  if (!isMedium(medium) || typeof name !== "string") return errorCode.invalidParameter;
  const file = isThere(printer, medium) ? printer.files.get(medium, name) : undefined;
  return file ?? errorCode.fileNotFound;
}

function fileItem(file: StoredFile): JsonObject {
  return {
    filename: file.name,
    type: "file",
    size: file.content.length,
    create_time: file.createdAt,
    layer: file.totalLayers,
    print_time: file.printSeconds,
    total_filament_used: file.grams,
    color_map: file.tools.map(({ tool, color, type }) => ({ color, name: type, t: tool })),
    total_print_times: file.prints,
    last_print_time: file.lastPrintedAt,
  };
}

function deleteFiles(printer: Printer, params: JsonObject): JsonObject | number {
  const { storage_media: medium = "local", file_path: names } = params;
  if (!isMedium(medium) || !Array.isArray(names) || names.length === 0) return errorCode.invalidParameter;
  const running = printer.machine.job?.file;
  const deleted = names.map((name: unknown) => {
    const file = typeof name === "string" ? printer.files.get(medium, name) : undefined;
    return file !== undefined && file !== running && printer.files.delete(medium, file.name);
  });
  return deleted.includes(false) ? errorCode.deleteFailed : {};
}

function isThere({ usbStick }: Printer, medium: Medium): boolean {
  return medium === "local" || usbStick;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
