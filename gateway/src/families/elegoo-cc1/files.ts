// Stored files: list, read, picture, delete. How a file gets there is in ./upload.ts.

import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers, Media, Unconfirmed } from "../../model/commands.ts";
import type { StoredFile } from "../../model/file-commands.ts";
import { fields, isFields, number, text, type Fields } from "./codec.ts";
import { acknowledged, mustBeIdle, type Acknowledged } from "./guards.ts";
import { encodePath, fetchMedia, fetchPicture, ownPath } from "./http.ts";
import type { CentauriSession } from "./session.ts";
import { localPath, nameOf } from "./stored-path.ts";
import { instant } from "./tasks.ts";
import type { Turn } from "./turn.ts";
import { refusalOf } from "./words.ts";

/** `type` of a list item that is a folder; the vendor's page shows only files. */
const folder = 0;
const noSuchFile = 2;

export function fileHandlers(
  session: CentauriSession,
  turn: Turn,
): Pick<CommandHandlers, "listFiles" | "deleteFile" | "downloadFile" | "getThumbnail"> {
  return {
    listFiles: async (_input, { signal }) => ({ items: await listFiles(session, signal) }),
    deleteFile: async ({ file }, { signal }) => turn.take(signal, async () => deleteFile(session, file, signal)),
    downloadFile: async ({ file }, { signal }) => download(session, localPath(file), signal),
    getThumbnail: async ({ file }, { signal }) => thumbnail(session, localPath(file), signal),
  };
}

/**
 * The files of the internal storage.
 * @throws PrinterError `timeout`, `unreachable`, `printer_refused`
 */
export async function listFiles(session: CentauriSession, signal: AbortSignal): Promise<StoredFile[]> {
  const { ack, data } = await session.ask("listFiles", { Url: "/local" }, { signal });
  if (ack !== null && ack !== 0) throw new PrinterError("printer_refused", refusalOf("listFiles", ack));
  const list: unknown = data["FileList"];
  const items = Array.isArray(list) ? list.filter((item) => isFields(item)) : [];
  return items.flatMap((item) => storedFile(item));
}

function storedFile(item: Fields): StoredFile[] {
  const path = text(item["name"]);
  if (path === null || number(item["type"]) === folder) return [];
  return [
    {
      name: nameOf(path),
      sizeBytes: number(item["FileSize"]),
      modifiedAt: instant(item["CreateTime"]),
      layers: number(item["TotalLayers"]) || null,
    },
  ];
}

async function deleteFile(
  session: CentauriSession,
  file: string,
  signal: AbortSignal,
): Promise<Acknowledged | Unconfirmed> {
  const path = localPath(file);
  await mustBeIdle(session, "delete a file", signal);
  await readDetail(session, path, signal);
  return acknowledged(async () => {
    const { ack, data } = await session.ask("deleteFiles", { FileList: [path] }, { signal });
    if (ack !== 0) throw new PrinterError("printer_refused", refusalOf("deleteFiles", ack));
    const failed: unknown = data["ErrData"];
    if (Array.isArray(failed) && failed.length > 0) {
      throw new PrinterError("printer_refused", "the printer could not delete the file; is it being printed?");
    }
    session.refreshAttributes();
  });
}

async function download(session: CentauriSession, path: string, signal: AbortSignal): Promise<Media> {
  const media = await fetchMedia(session, encodePath(path), signal);
  if (media !== null) return media;
  await readDetail(session, path, signal);
  throw new PrinterError("unsupported", "this firmware does not give stored files back");
}

async function thumbnail(session: CentauriSession, path: string, signal: AbortSignal): Promise<Media> {
  const reference = text((await readDetail(session, path, signal))["Thumbnail"]);
  const picture = reference === null ? null : await fetchPicture(session, ownPath(session, reference), signal);
  if (picture === null) throw new PrinterError("not_found", "the file carries no picture");
  return picture;
}

/** @throws PrinterError `not_found`, `printer_refused`, `timeout`, `unreachable` */
async function readDetail(session: CentauriSession, path: string, signal: AbortSignal): Promise<Fields> {
  const { ack, data } = await session.ask("readFile", { Url: path }, { signal });
  if (ack === 0 || ack === null) return fields(data["FileInfo"]);
  throw new PrinterError(ack === noSuchFile ? "not_found" : "printer_refused", refusalOf("readFile", ack));
}
