// Stored files and the pictures of their models, as the command table has them.

import { createReadStream } from "node:fs";
import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers, FileToSend, Media } from "../../model/commands.ts";
import type { StoredFile } from "../../model/file-commands.ts";
import { fields, list, number, text, type Fields } from "./answers.ts";
import { apiPath, listedName, storedPath, type StoredPath } from "./paths.ts";
import type { PrusaLinkSession } from "./session.ts";

/** The second is Buddy boards' alone. */
export const fileTypes = [".gcode", ".bgcode"] as const;

/** A board answers a folder in half a second: so many are walked through. */
const maxFolders = 200;
/** USB sticks are slow to write; nothing moves on the wire meanwhile. */
const writeMs = 180_000;
const knownEveryMs = 500;
const knownTries = 20;

type FileHandlers = Pick<CommandHandlers, "listFiles" | "uploadFile" | "deleteFile" | "downloadFile" | "getThumbnail">;

export function fileHandlers(session: PrusaLinkSession): FileHandlers {
  const pathOf = (file: string): StoredPath => storedPath(file, session.storages);
  return {
    listFiles: async (_input, { signal }) => ({ items: await listFiles(session, signal) }),
    uploadFile: async ({ file }, { file: source, signal }) => {
      if (source === undefined) throw new PrinterError("invalid_input", "send the file as the body");
      const path = pathOf(file);
      await upload(session, path, source, signal);
      session.storagesChanged();
      await isKnown(session, path, signal);
      return { outcome: "acknowledged" };
    },
    deleteFile: async ({ file }, { signal }) => {
      await onPrinter(session, pathOf(file), signal, async (found) =>
        session.transport.command("DELETE", apiPath(found), signal),
      );
      session.storagesChanged();
      return { outcome: "acknowledged" };
    },
    downloadFile: async ({ file }, { signal }) => download(session, pathOf(file), "download", signal),
    getThumbnail: async ({ file }, { signal }) => download(session, pathOf(file), "thumbnail", signal),
  };
}

/**
 * Does something with a stored file, by the name under which it is listed. Buddy boards know a long
 * name by a short one, which the folder tells: it is asked for when the listed one is not known.
 * @throws PrinterError `not_found`; what `act` throws
 */
export async function onPrinter<Result>(
  session: PrusaLinkSession,
  path: StoredPath,
  signal: AbortSignal,
  act: (found: StoredPath) => Promise<Result>,
): Promise<Result> {
  try {
    return await act(path);
  } catch (error) {
    if (PrinterError.from(error).code !== "not_found") throw error;
    const short = await shortName(session, path, signal);
    if (short === undefined) throw error;
    return act(short);
  }
}

async function shortName(
  { transport }: PrusaLinkSession,
  { storage, path }: StoredPath,
  signal: AbortSignal,
): Promise<StoredPath | undefined> {
  const slash = path.lastIndexOf("/");
  const [folder, shown] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
  const children = list(fields(await transport.json(apiPath({ storage, path: folder }), signal))["children"]);
  const name = text(children.find((child) => child["display_name"] === shown)?.["name"]);
  return name === null || name === shown ? undefined : { storage, path: folder === "" ? name : `${folder}/${name}` };
}

/** Every print file of every storage, folder by folder. */
async function listFiles({ transport, storages }: PrusaLinkSession, signal: AbortSignal): Promise<StoredFile[]> {
  const items: StoredFile[] = [];
  const folders: StoredPath[] = storages.map(({ id }) => ({ storage: id, path: "" }));
  for (let next = 0; next < folders.length && next < maxFolders; next += 1) {
    const folder = folders[next];
    if (folder === undefined) break;
    const answer = fields(await transport.json(apiPath(folder), signal));
    for (const child of list(answer["children"])) {
      const shown = text(child["display_name"]) ?? text(child["name"]);
      if (shown === null) continue;
      const path = { storage: folder.storage, path: folder.path === "" ? shown : `${folder.path}/${shown}` };
      if (child["type"] === "FOLDER") folders.push(path);
      else if (child["type"] === "PRINT_FILE") items.push(storedFile(listedName(path, storages), child));
    }
  }
  return items.toSorted((a, b) => (b.modifiedAt ?? "").localeCompare(a.modifiedAt ?? ""));
}

function storedFile(name: string, file: Fields): StoredFile {
  const modified = number(file["m_timestamp"]);
  const meta = fields(file["meta"]);
  return {
    name,
    sizeBytes: number(file["size"]),
    modifiedAt: modified === null ? null : new Date(modified * 1000).toISOString(),
    estimatedSeconds: number(meta["estimated_print_time"]),
    layers: null,
    filamentGrams: number(meta["filament used [g]"]),
  };
}

async function upload(
  session: PrusaLinkSession,
  path: StoredPath,
  source: FileToSend,
  signal: AbortSignal,
): Promise<void> {
  if (session.isPi && !path.path.toLowerCase().endsWith(".gcode")) {
    throw new PrinterError("file_type", "PrusaLink on a Raspberry Pi prints .gcode files");
  }
  const free = session.storages.find(({ id }) => id === path.storage)?.freeBytes ?? null;
  if (free !== null && free < source.sizeBytes) {
    throw new PrinterError("storage_full", `the printer has ${free} bytes free and the file has ${source.sizeBytes}`);
  }
  const headers = {
    "Content-Length": String(source.sizeBytes),
    // 0.8.1 answers 500 to application/octet-stream for every new file.
    "Content-Type": "text/x.gcode",
    Overwrite: "?1",
    "Print-After-Upload": "?0",
  };
  const body = (): ReturnType<typeof createReadStream> => createReadStream(source.path);
  await session.transport.upload({ method: "PUT", path: apiPath(path), signal, headers, body, deadlineMs: writeMs });
}

/** A printer looks at its storage now and then: a file that is not known yet can neither be printed nor deleted. */
async function isKnown(session: PrusaLinkSession, path: StoredPath, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < knownTries; tries += 1) {
    try {
      await onPrinter(session, path, signal, async (found) => session.transport.json(apiPath(found), signal));
      return;
    } catch (error) {
      if (PrinterError.from(error).code !== "not_found") throw error;
      await session.pause(knownEveryMs, signal);
    }
  }
}

/** What the file's own description refers to: its content, or its picture. */
async function download(
  session: PrusaLinkSession,
  path: StoredPath,
  what: "download" | "thumbnail",
  signal: AbortSignal,
): Promise<Media> {
  const { transport } = session;
  const file = fields(await onPrinter(session, path, signal, async (found) => transport.json(apiPath(found), signal)));
  const refs = fields(file["refs"]);
  const address = text(refs[what]) ?? (what === "thumbnail" ? text(refs["icon"]) : null);
  if (address === null || !address.startsWith("/")) {
    const words =
      what === "thumbnail" ? "the file carries no picture of its model" : "the printer does not give this file";
    throw new PrinterError("not_found", words);
  }
  const response = await transport.open({ method: "GET", path: encodeURI(decoded(address)), signal });
  const length = Number(response.headers["content-length"]);
  const usual = what === "thumbnail" ? "image/png" : "application/octet-stream";
  return {
    mediaType: response.headers["content-type"]?.split(";", 1)[0] ?? usual,
    sizeBytes: Number.isFinite(length) ? length : null,
    content: response as AsyncIterable<Uint8Array>,
  };
}

/** Encoded on some firmware, plain on other. */
function decoded(address: string): string {
  try {
    return decodeURI(address);
  } catch {
    return address; // a bare % that was meant as it stands
  }
}
