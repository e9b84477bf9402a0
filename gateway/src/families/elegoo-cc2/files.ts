// Stored files, their pictures, the history and the time-lapses.

import type { CommandHandlers, Media } from "../../model/commands.ts";
import type { StoredFile } from "../../model/file-commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { acknowledge } from "./acknowledge.ts";
import { fields, flag, list, number, text, type Fields } from "./codec.ts";
import { accessCode } from "./connection.ts";
import { codes, refusal } from "./error-words.ts";
import { instant, readHistory, readTimelapses, videoOf } from "./history.ts";
import type { MethodName, Params } from "./method-table.ts";
import type { Cc2Session } from "./session.ts";
import { printable, userName, type StorageMedia } from "./stored-file.ts";
import { hasJob, jobOf } from "./view.ts";
import { downloadVideo } from "./video.ts";

/** The printer's longest page. */
const pageSize = 100;
/** More than any printer holds; a printer that repeats its pages ends here. */
const maxPages = 20;
/** The printer asks for this when it is busy. */
const busyMs = 5000;
const busyRetries = 3;

type Handlers = Pick<
  CommandHandlers,
  "listFiles" | "deleteFile" | "getThumbnail" | "listHistory" | "listTimelapses" | "downloadTimelapse"
>;

interface Waiting {
  readonly signal: AbortSignal;
}

export function createFileHandlers(session: Cc2Session): Handlers {
  return {
    listFiles: async (_input, options) => {
      const items = await listStorage(session, "local", options);
      if (flag(fields(session.view.status?.["external_device"])["u_disk"]) === true) {
        items.push(...(await listStorage(session, "u-disk", options)));
      }
      return { items };
    },
    deleteFile: async ({ file }, options) => {
      const { storage_media, filename } = printable(file);
      demandNotPrinting(session, filename);
      const outcome = await acknowledge(session, "deleteFiles", { storage_media, file_path: [filename] }, options);
      session.upkeep.wantDisk();
      return outcome;
    },
    getThumbnail: async ({ file }, options) => thumbnail(session, file, options),
    listHistory: async ({ limit }, options) => ({
      items: readHistory(await history(session, options)).slice(0, limit),
    }),
    listTimelapses: async (_input, options) => ({ items: readTimelapses(await history(session, options)) }),
    downloadTimelapse: async ({ id }, options) => {
      const video = videoOf(await history(session, options), id);
      if (video === null) throw new PrinterError("not_found", `there is no rendered time-lapse "${id}" on the printer`);
      const { connection, host } = session.options;
      return downloadVideo({ host, port: connection.http_port, code: accessCode(connection), video, ...options });
    },
  };
}

/** A read: repeated while the printer says that it is busy, three times at most. */
async function read<Name extends MethodName>(
  session: Cc2Session,
  name: Name,
  params: Params<Name>,
  { signal }: Waiting,
): Promise<Fields> {
  for (let retries = 0; ; retries += 1) {
    const { errorCode, result } = await session.askRaw(name, params, { signal, urgency: "asked" });
    if (errorCode === 0) return result;
    if (errorCode !== codes.busy || retries === busyRetries) throw refusal(errorCode);
    await session.options.clock.wait(busyMs, signal);
  }
}

async function listStorage(session: Cc2Session, storage: StorageMedia, waiting: Waiting): Promise<StoredFile[]> {
  const items = new Map<string, StoredFile>();
  for (let page = 0; page < maxPages; page += 1) {
    const params = { storage_media: storage, offset: page * pageSize, limit: pageSize };
    const result = await read(session, "listFiles", storage === "local" ? params : { ...params, dir: "/" }, waiting);
    const files = list(result["file_list"] ?? result["files"]).map((entry) => fields(entry));
    const before = items.size;
    for (const file of files.map((entry) => readFile(storage, entry))) if (file !== null) items.set(file.name, file);
    if (items.size >= (number(result["total"]) ?? 0) || items.size === before) break;
  }
  return [...items.values()];
}

/** One entry of a list; folders and nameless ones are none. */
function readFile(storage: StorageMedia, entry: Fields): StoredFile | null {
  const name = text(entry["filename"]) ?? text(entry["name"]);
  if (name === null || entry["type"] === "folder" || entry["type"] === "dir") return null;
  return {
    name: userName(storage, name),
    sizeBytes: number(entry["size"]),
    modifiedAt: instant(entry["create_time"] ?? entry["modified"]),
    estimatedSeconds: number(entry["print_time"]),
    layers: number(entry["layer"]),
    filamentGrams: number(entry["total_filament_used"]),
  };
}

/** @throws PrinterError `wrong_phase` for the file of the running job, in whichever folder */
function demandNotPrinting(session: Cc2Session, filename: string): void {
  const printing = jobOf(session.view).file;
  if (!hasJob(session.view) || printing === null || baseName(printing) !== baseName(filename)) return;
  throw new PrinterError("wrong_phase", `the printer is printing ${printing}; delete it when the job is over`);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The picture in a file. Sources disagree about the key of the name: the second is tried once. */
async function thumbnail(session: Cc2Session, file: string, waiting: Waiting): Promise<Media> {
  const { storage_media, filename } = printable(file);
  const options = { ...waiting, urgency: "asked" } as const;
  let answer = await session.askRaw("thumbnail", { storage_media, file_name: filename }, options);
  if (answer.errorCode === codes.badParameter) {
    answer = await session.askRaw("thumbnail", { storage_media, filename }, options);
  }
  if (answer.errorCode !== 0) throw refusal(answer.errorCode);
  const picture = decodePng(text(answer.result["thumbnail"]));
  if (picture === null) throw new PrinterError("not_found", `${file} carries no picture`);
  return { mediaType: "image/png", sizeBytes: picture.length, content: once(picture) };
}

/** Base64 as it comes, without a data URI in front; null when it is no PNG. */
function decodePng(encoded: string | null): Uint8Array | null {
  if (encoded === null) return null;
  const bytes = Buffer.from(encoded.replace(/^data:[^,]*,/u, ""), "base64");
  return bytes.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47])) ? bytes : null;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function history(session: Cc2Session, waiting: Waiting): Promise<Fields[]> {
  const result = await read(session, "history", {}, waiting);
  return list(result["history_task_list"]).map((task) => fields(task));
}
