// Commands about the card's folders and files that need no data channel.

import { mkdir, rename, rmdir, unlink } from "node:fs/promises";
import { mdtmDate } from "./listing.ts";
import type { Commands, FtpSession } from "./session.ts";

export const fileCommands: Commands = {
  PWD: (session) => `257 "${quoted(session.folder)}" is the current directory`,
  CWD: async (session, path) => changeFolder(session, path),
  CDUP: async (session) => changeFolder(session, ".."),
  SIZE: async (session, path) => {
    const entry = await session.card.entry(session.path(path));
    return entry?.isFolder === false ? `213 ${entry.sizeBytes}` : "550 Could not get file size.";
  },
  MDTM: async (session, path) => {
    const entry = await session.card.entry(session.path(path));
    return entry?.isFolder === false
      ? `213 ${mdtmDate(entry.modifiedAt)}`
      : "550 Could not get file modification time.";
  },
  DELE: async (session, path) =>
    (await done(session, path, unlink)) ? "250 Delete operation successful." : "550 Delete operation failed.",
  MKD: async (session, path) =>
    (await done(session, path, async (file) => mkdir(file)))
      ? `257 "${quoted(session.path(path))}" created`
      : "550 Create directory operation failed.",
  RMD: async (session, path) =>
    (await done(session, path, async (file) => rmdir(file)))
      ? "250 Remove directory operation successful."
      : "550 Remove directory operation failed.",
  RNFR: async (session, path) => {
    session.renameFrom = undefined;
    if ((await session.card.entry(session.path(path))) === undefined) return "550 RNFR command failed.";
    session.renameFrom = session.path(path);
    return "350 Ready for RNTO.";
  },
  RNTO: async (session, path) => {
    const from = session.renameFrom === undefined ? undefined : session.card.locate(session.renameFrom);
    if (session.renameFrom === undefined) return "503 RNFR required first.";
    session.renameFrom = undefined;
    const renamed = from !== undefined && (await done(session, path, async (to) => rename(from, to)));
    return renamed ? "250 Rename successful." : "550 Rename failed.";
  },
  AVBL: async (session) => (session.knobs.avbl ? `213 ${await session.card.freeBytes()}` : "500 Unknown command."),
};

async function changeFolder(session: FtpSession, argument: string): Promise<string> {
  const path = session.path(argument);
  if ((await session.card.entry(path))?.isFolder !== true) return "550 Failed to change directory.";
  session.folder = path;
  return "250 Directory successfully changed.";
}

/** Whether it could be done; the card's root itself is never touched. */
async function done(session: FtpSession, argument: string, act: (file: string) => Promise<unknown>): Promise<boolean> {
  const path = session.path(argument);
  const file = session.card.locate(path);
  if (file === undefined || argument === "" || path === "/") return false;
  return act(file).then(
    () => true,
    () => false,
  );
}

function quoted(path: string): string {
  return path.replaceAll('"', '""');
}
