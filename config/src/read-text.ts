// One text file, read within bounds. A file that cannot be had becomes a sentence for its owner.

import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** Why a file could not be read; the message is a sentence without the file's name. */
export class UnreadableError extends Error {
  override readonly name = "UnreadableError";
  readonly missing: boolean;
  /** Line counted from 1 of the first byte that is not UTF-8; 1 otherwise. */
  readonly line: number;

  constructor(message: string, details: { cause?: unknown; missing?: boolean; line?: number } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.missing = details.missing ?? false;
    this.line = details.line ?? 1;
  }
}

/**
 * The text of a regular UTF-8 file of at most `maxBytes`, without a byte order mark.
 * @throws UnreadableError
 */
export async function readText(file: string, maxBytes: number): Promise<string> {
  // Without O_NONBLOCK, opening a named pipe waits for a writer that may never come.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  try {
    await using handle = await open(file, flags);
    return decode(await readBounded(handle, maxBytes));
  } catch (error) {
    throw error instanceof UnreadableError ? error : unreadable(error);
  }
}

async function readBounded(handle: FileHandle, maxBytes: number): Promise<Buffer> {
  const stat = await handle.stat();
  if (stat.isDirectory()) {
    throw new UnreadableError(
      "is a directory, not a file (Docker creates one where a file to be mounted does not exist)",
    );
  }
  if (!stat.isFile()) throw new UnreadableError("is not a regular file");
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  while (length <= maxBytes) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > maxBytes) throw new UnreadableError(`is larger than ${maxBytes / 1024} KiB`);
  return buffer.subarray(0, length);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const before = bytes.toString("utf8").split("\uFFFD", 1)[0] ?? "";
    throw new UnreadableError("is not UTF-8 text; save it as UTF-8", { cause, line: before.split("\n").length });
  }
}

function unreadable(cause: unknown): UnreadableError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ENOENT") return new UnreadableError("does not exist", { cause, missing: true });
  if (code === "EACCES" || code === "EPERM") {
    const who = process.getuid === undefined ? "this process" : `user ${process.getuid()}`;
    return new UnreadableError(`must not be read by ${who}; change its owner or mode`, { cause });
  }
  return new UnreadableError(`cannot be read (${code === "" ? "unknown error" : code})`, { cause });
}
