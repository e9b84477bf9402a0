// Files on an OctoPrint server: names, lists, transfers. A name is the path below the uploads folder;
// files on the machine's own card carry `sdcard:` in front.

import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers, CommandResult, FileToSend, Media } from "../../model/commands.ts";
import type { StoredFile } from "../../model/file-commands.ts";
import { fields, fileName, list, number, sdPrefix, text, type Fields } from "./codec.ts";
import { invalid } from "./invalid.ts";
import type { Rest } from "./rest.ts";
import type { OctoPrintSession } from "./session.ts";

/** OctoPrint takes these out of a name, so that the file would be found under another one. */
const removed = /[<>:"|?*]/u;
const deepest = 32;

export function createFileHandlers(session: OctoPrintSession): CommandHandlers {
  const { rest } = session;
  return {
    listFiles: async (_input, { signal }) => listFiles(rest, signal),
    uploadFile: async ({ file: name }, { signal, file }) => {
      if (file === undefined) throw new PrinterError("invalid_input", "there is no file to send");
      const free = session.storages[0]?.freeBytes ?? Number.POSITIVE_INFINITY;
      if (file.sizeBytes > free) throw new PrinterError("storage_full", "OctoPrint's storage has no room for the file");
      await upload(rest, name, file, signal);
      return { outcome: "acknowledged" };
    },
    selectFile: async ({ file }, { signal }) =>
      session.tell(`/api/files${resourceOf(file)}`, { command: "select", print: false }, signal),
    deleteFile: async ({ file }, { signal }) => {
      await rest.delete(`/api/files${resourceOf(file)}`, { signal });
      return { outcome: "acknowledged" };
    },
    downloadFile: async ({ file }, { signal }) => download(rest, file, signal),
  };
}

async function listFiles(rest: Rest, signal: AbortSignal): Promise<CommandResult<"listFiles">> {
  const { files } = await rest.get("/api/files?recursive=true", { signal, deadlineMs: 30_000 });
  return { items: flatten(list(files), 0) };
}

function flatten(entries: readonly Fields[], depth: number): StoredFile[] {
  if (depth > deepest) return [];
  return entries.flatMap((entry) => {
    if (entry["type"] === "folder") return flatten(list(entry["children"]), depth + 1);
    const path = text(entry["path"]) ?? text(entry["name"]);
    return path === null || entry["type"] === "model" ? [] : [storedFile(entry, path)];
  });
}

function storedFile(entry: Fields, path: string): StoredFile {
  const date = number(entry["date"]);
  const analysis = fields(entry["gcodeAnalysis"]);
  return {
    name: fileName(text(entry["origin"]), path),
    sizeBytes: number(entry["size"]),
    modifiedAt: date === null ? null : new Date(date * 1000).toISOString(),
    estimatedSeconds: number(analysis["estimatedPrintTime"]),
  };
}

/** `/local/folder/a%20b.gcode`, as a resource below `/api/files`. @throws PrinterError `invalid_input` */
export function resourceOf(name: string): string {
  const onCard = name.startsWith(sdPrefix);
  const parts = (onCard ? name.slice(sdPrefix.length) : name).split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    throw badName("a name as the file list gives it, without empty parts, . and ..");
  }
  return `/${onCard ? "sdcard" : "local"}/${parts.map((part) => encodeURIComponent(part)).join("/")}`;
}

/**
 * Stores a file under its very name; folders before it are made.
 * @throws PrinterError `invalid_input`, `storage_full`, `printer_refused` when it landed under another name
 */
async function upload(rest: Rest, name: string, file: FileToSend, signal: AbortSignal): Promise<void> {
  if (name.startsWith(sdPrefix) || removed.test(name)) throw badName('a name without < > : " | ? *');
  const slash = name.lastIndexOf("/");
  const { files } = await rest.upload("/api/files/local", {
    fields: slash > 0 ? { path: name.slice(0, slash) } : {},
    file: { field: "file", name: name.slice(slash + 1), content: file.path },
    signal,
  });
  const stored = text(fields(fields(files)["local"])["path"]);
  if (stored === null || stored === name) return;
  throw new PrinterError("printer_refused", `OctoPrint stored it under another name: ${stored}`);
}

async function download(rest: Rest, name: string, signal: AbortSignal): Promise<Media> {
  const resource = resourceOf(name);
  if (name.startsWith(sdPrefix)) throw badName("a file of OctoPrint's own storage: the machine gives none of its card");
  const { body, headers } = await rest.open(`/downloads/files${resource}`, { signal });
  const length = headers.get("content-length");
  return {
    mediaType: "text/x.gcode",
    // With a content coding the length is that of the coded bytes.
    sizeBytes: length === null || headers.has("content-encoding") ? null : Number(length),
    content: body ?? new ReadableStream<Uint8Array>(),
  };
}

function badName(message: string): PrinterError {
  return invalid("/file", message);
}
