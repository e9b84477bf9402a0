// Commands that move data: who may, over which channel, with which reply. The bytes: transfer.ts.

import { type FileHandle, open } from "node:fs/promises";
import { once } from "node:events";
import type { Socket } from "node:net";
import { posix } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { CardEntry } from "../storage.ts";
import { type DataChannel, DataChannelError } from "./data-channel.ts";
import { listLine } from "./listing.ts";
import type { Commands, FtpSession } from "./session.ts";
import { type Flow, type Received, receive, sendFile, sendText } from "./transfer.ts";

/** Where "426-truncated" cuts. */
const truncatedBytes = 64 * 1024;

export const transferCommands: Commands = {
  LIST: async (session, argument) => list(session, argument),
  NLST: async (session, argument) => nameList(session, argument),
  RETR: async (session, path) => retrieve(session, path),
  STOR: async (session, path) => store(session, path),
};

async function retrieve(session: FtpSession, argument: string): Promise<string | undefined> {
  const path = session.path(argument);
  const file = session.card.locate(path);
  const entry = await session.card.entry(path);
  if (file === undefined || entry === undefined || entry.isFolder) return "550 Failed to open file.";
  session.counters.downloads += 1;
  const opening = `150 Opening BINARY mode data connection for ${argument} (${entry.sizeBytes} bytes).`;
  return transfer(session, opening, async (data) => {
    const sent = sendFile(data, file, flowOf(session, "bytesDown"));
    return (await succeeds(sent)) ? "226 Transfer complete." : "426 Failure writing network stream.";
  });
}

async function list(session: FtpSession, argument: string): Promise<string | undefined> {
  const flags = /^(-\S*) ?/.exec(argument)?.[1] ?? "";
  const path = session.path(argument.slice(flags.length).trim());
  const entries = await entriesAt(session, path);
  const now = new Date();
  const dots = [".", ".."].map((name) => ({ name, isFolder: true, sizeBytes: 4096, modifiedAt: now }));
  const shown = flags.includes("a") ? [...dots, ...(entries ?? [])] : entries;
  return sendLines(
    session,
    shown?.map((entry) => listLine(entry, now)),
  );
}

async function nameList(session: FtpSession, argument: string): Promise<string | undefined> {
  const path = session.path(argument);
  const entries = await entriesAt(session, path);
  const names = entries?.map(({ name }) => (session.knobs.nlst === "full" ? posix.join(path, name) : name));
  return sendLines(session, names);
}

/** Of a folder its content, of a file itself; undefined for what is not there. */
async function entriesAt(session: FtpSession, path: string): Promise<readonly CardEntry[] | undefined> {
  const entry = await session.card.entry(path);
  return entry?.isFolder === false ? [entry] : session.card.list(path);
}

async function sendLines(session: FtpSession, lines: readonly string[] | undefined): Promise<string | undefined> {
  session.counters.listings += 1;
  return transfer(session, "150 Here comes the directory listing.", async (data) => {
    const text = (lines ?? []).map((line) => `${line}\r\n`).join("");
    if (!(await succeeds(sendText(data, text, flowOf(session))))) return "426 Failure writing network stream.";
    return lines === undefined ? "226 Transfer done (but failed to open directory)." : "226 Directory send OK.";
  });
}

async function store(session: FtpSession, argument: string): Promise<string | undefined> {
  const { card, knobs } = session;
  const file = card.locate(session.path(argument));
  if (card.state === "full") return refuse(session, "552 Requested file action aborted: no space left.");
  const handle = file === undefined || knobs.uploadFault === "553" ? undefined : await opened(file);
  if (handle === undefined) return refuse(session, "553 Could not create file.");
  session.counters.uploads += 1;
  // What has been written stays when the transfer ends early, as on the printer.
  try {
    return await transfer(session, "150 Ok to send data.", async (data) => upload(session, data, handle));
  } finally {
    await handle.close();
  }
}

async function upload(session: FtpSession, data: Duplex, handle: FileHandle): Promise<string | undefined> {
  const { card, knobs } = session;
  const limitBytes = knobs.uploadFault === "426-truncated" ? truncatedBytes : Infinity;
  const limits = { limitBytes, roomBytes: await card.freeBytes() };
  const received = await receive(data, handle, limits, flowOf(session, "bytesUp"));
  return uploadReply(session, received);
}

async function uploadReply({ knobs, signal }: FtpSession, received: Received): Promise<string | undefined> {
  if (received === "no-room") return "552 Requested file action aborted: no space left.";
  if (received !== "end") return "426 Failure reading network stream.";
  if (knobs.uploadFault === "no-226") return undefined;
  if (knobs.uploadFault === "426-complete") return "426 Failure reading network stream.";
  if (knobs.lateReplyMs > 0) await succeeds(wait(knobs.lateReplyMs, undefined, { signal }));
  return "226 Transfer complete.";
}

function refuse(session: FtpSession, reply: string): string {
  session.retireChannel();
  return reply;
}

/** Waits for the client's connection, says `opening`, lets `move` use it, and closes it. */
async function transfer(
  session: FtpSession,
  opening: string,
  move: (data: Duplex) => Promise<string | undefined>,
): Promise<string | undefined> {
  const { transfers } = session.counters;
  transfers.current += 1;
  transfers.peak = Math.max(transfers.peak, transfers.current);
  try {
    return await move(await connectData(session, opening));
  } catch (error) {
    if (!(error instanceof DataChannelError)) throw error;
    if (error.message.startsWith("522")) session.counters.refusedDataChannels += 1;
    return error.message;
  } finally {
    transfers.current -= 1;
    session.retireChannel();
  }
}

async function connectData(session: FtpSession, opening: string): Promise<Duplex> {
  const { knobs, protectedData, sessions } = session;
  const channel: DataChannel | undefined = session.takeChannel();
  if (channel === undefined) throw new DataChannelError("425 Use PASV first.");
  if (knobs.dataRefused) throw new DataChannelError("425 Failed to establish connection.");
  if (!protectedData && !knobs.clearData) throw new DataChannelError("522 Data connections must be encrypted.");
  const socket = await channel.accept();
  session.reply(opening);
  if (!protectedData) return socket;
  if (knobs.protectedDataHangs) await hang(socket);
  return channel.secure(socket, sessions, knobs.sessionReuse);
}

/** Until the client gives up. */
async function hang(socket: Socket): Promise<never> {
  socket.resume();
  if (!socket.destroyed) await once(socket, "close");
  throw new DataChannelError("426 Failure reading network stream.");
}

function flowOf({ knobs, counters, signal }: FtpSession, counter?: "bytesUp" | "bytesDown"): Flow {
  return {
    bytesPerSecond: () => knobs.bytesPerSecond,
    moved: (bytes) => {
      if (counter !== undefined) counters[counter] += bytes;
    },
    signal,
  };
}

async function opened(file: string): Promise<FileHandle | undefined> {
  return open(file, "w").catch(() => undefined);
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
