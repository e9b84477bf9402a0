// Stored files, their pictures and the jobs that Moonraker remembers, as the command table has
// them. Names are relative to the `gcodes` root, folders with slashes.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers, FileToSend } from "../../model/commands.ts";
import type { PastJob, StoredFile } from "../../model/file-commands.ts";
import { fields, list, number, text, type Fields } from "./codec.ts";
import type { Connection } from "./connection.ts";
import { download, instant, upload } from "./http.ts";
import { outOfBounds } from "./limits.ts";
import type { AskOptions } from "./requests.ts";

export const fileTypes = [".gcode", ".g", ".gco"] as const;

/** Folders below one another and in all that a list walks through; links may go in circles. */
const maxFolders = 500;

export interface FileHost {
  ask(method: string, params: Fields, options: AskOptions): Promise<unknown>;
  /** The file being printed, and what is free on the disk, bytes. */
  readonly printing: string | null;
  readonly freeBytes: number | null;
}

type FileHandlers = Pick<
  CommandHandlers,
  "listFiles" | "uploadFile" | "deleteFile" | "downloadFile" | "getThumbnail" | "listHistory"
>;

export function fileHandlers(host: FileHost, connection: Connection): FileHandlers {
  return {
    listFiles: async (_input, { signal }) => ({ items: await listFiles(host, signal) }),
    uploadFile: async ({ file }, { file: source, signal }) => {
      if (source === undefined) throw new PrinterError("invalid_input", "send the file as the body");
      const path = storedPath(file);
      checkRoom(host, path, source);
      const slash = path.lastIndexOf("/");
      const sha256 = await sha256Of(source.path, signal);
      const [folder, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
      await upload(connection, { folder, name, sha256, source }, signal);
      return { outcome: "acknowledged" };
    },
    deleteFile: async ({ file }, { signal }) => {
      const path = storedPath(file);
      if (path === host.printing) throw new PrinterError("wrong_phase", "this file is being printed");
      await host.ask("server.files.delete_file", { path: `gcodes/${path}` }, { signal }).catch(missingFile);
      return { outcome: "acknowledged" };
    },
    downloadFile: async ({ file }, { signal }) => download(connection, storedPath(file), signal),
    getThumbnail: async ({ file }, { signal }) => {
      const path = storedPath(file);
      const metadata = fields(await host.ask("server.files.metadata", { filename: path }, { signal }));
      const picture = largestThumbnail(metadata);
      if (picture === undefined) throw new PrinterError("not_found", "the file carries no picture of its model");
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      const media = await download(connection, `${folder}${picture}`, signal);
      return { ...media, mediaType: media.mediaType.startsWith("image/") ? media.mediaType : "image/png" };
    },
    listHistory: async ({ limit }, { signal }) => {
      const { jobs } = fields(await host.ask("server.history.list", { limit, order: "desc" }, { signal }));
      return { items: list(jobs).map((job) => pastJob(job)) };
    },
  };
}

/**
 * A name as the file list gives it, without a leading slash.
 * @throws PrinterError `invalid_input`
 */
export function storedPath(file: string): string {
  const parts = file.split("/");
  const odd = parts.some((part) => part === "" || part === "." || part === "..");
  if (!odd && !/[\p{Cc}\\]/u.test(file)) return file;
  throw outOfBounds("/file", "give the name of a stored file as the file list shows it, without .. and backslashes");
}

/** Folder by folder: only that way Moonraker adds what it read from the files' headers. */
async function listFiles(host: FileHost, signal: AbortSignal): Promise<StoredFile[]> {
  const items: StoredFile[] = [];
  const folders = [""];
  for (let next = 0; next < folders.length && next < maxFolders; next += 1) {
    const folder = folders[next] ?? "";
    const params = { path: `gcodes/${folder}`.replace(/\/$/u, ""), extended: true };
    const answer = fields(await host.ask("server.files.get_directory", params, { signal }));
    for (const file of list(answer["files"])) {
      const name = text(file["filename"]);
      if (name !== null && fileTypes.some((type) => name.toLowerCase().endsWith(type))) {
        items.push(storedFile(`${folder}${name}`, file));
      }
    }
    for (const { dirname } of list(answer["dirs"])) {
      if (typeof dirname === "string" && !dirname.startsWith(".")) folders.push(`${folder}${dirname}/`);
    }
  }
  return items.toSorted((a, b) => (b.modifiedAt ?? "").localeCompare(a.modifiedAt ?? ""));
}

function storedFile(name: string, file: Fields): StoredFile {
  return {
    name,
    sizeBytes: number(file["size"]),
    modifiedAt: instant(file["modified"]),
    estimatedSeconds: number(file["estimated_time"]),
    layers: number(file["layer_count"]),
    filamentGrams: number(file["filament_weight_total"]),
  };
}

/** `relative_path` of the largest picture: relative to the folder of the file. */
function largestThumbnail(metadata: Fields): string | undefined {
  const pictures = list(metadata["thumbnails"])
    .map((picture) => ({ path: text(picture["relative_path"]), pixels: pixelsOf(picture) }))
    .toSorted((a, b) => b.pixels - a.pixels);
  return pictures.find(({ path }) => path !== null)?.path ?? undefined;
}

function pixelsOf({ width, height }: Fields): number {
  return (number(width) ?? 0) * (number(height) ?? 0);
}

const results: Readonly<Record<string, readonly [PastJob["result"], string | null]>> = {
  in_progress: ["running", null],
  completed: ["finished", null],
  cancelled: ["cancelled", null],
  error: ["failed", "the job ended with an error"],
  klippy_shutdown: ["failed", "Klipper shut down"],
  klippy_disconnect: ["failed", "Klipper was restarted or stopped"],
  server_exit: ["failed", "Moonraker was restarted or stopped"],
  interrupted: ["failed", "the power was cut or the host crashed"],
};

function pastJob(job: Fields): PastJob {
  const status = text(job["status"]) ?? "";
  const [result, reason] = results[status] ?? ["unknown", status === "" ? null : status];
  const layers = number(fields(job["metadata"])["layer_count"]);
  return {
    id: text(job["job_id"]) ?? "",
    file: text(job["filename"]),
    result,
    reason,
    startedAt: instant(job["start_time"]),
    endedAt: instant(job["end_time"]),
    // Moonraker counts none: of a whole job it is all of the file's.
    layers: result === "finished" ? layers : null,
  };
}

function checkRoom({ printing, freeBytes }: FileHost, path: string, { sizeBytes }: FileToSend): void {
  if (path === printing) throw new PrinterError("wrong_phase", "this file is being printed and cannot be replaced");
  if (freeBytes !== null && freeBytes < sizeBytes) {
    throw new PrinterError("storage_full", `the printer has ${freeBytes} bytes free and the file has ${sizeBytes}`);
  }
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** 0.11 answers 400 `Invalid file path` for a file that is not there (seen). */
function missingFile(error: unknown): never {
  const { code, message } = PrinterError.from(error);
  if (code === "not_found" || /invalid file path|does not exist/iu.test(message)) {
    throw new PrinterError("not_found", "there is no such file on the printer", { cause: error });
  }
  throw error;
}
