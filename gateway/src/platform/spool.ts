// A stream on its way through: written to a private file, never whole in memory, and gone again
// when its user is done. Not a store: what a killed process left is removed at the next start.

import { createHash, randomUUID } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";

/** Only files of this ending are ever removed from the folder. */
const ending = ".spool";

export interface SpoolOptions {
  /** Created when it is not there, for this user alone. */
  readonly folder: string;
  readonly maxBytes: number;
  /** Ends the stream, and with it the spooling. */
  readonly signal: AbortSignal;
}

/** A whole stream on disk. Dispose removes the file and is idempotent. */
export interface Spooled extends AsyncDisposable {
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly md5: string;
}

/** The stream is longer than was allowed; the rest of it was not read. */
export class SpoolLimitError extends Error {
  override readonly name = "SpoolLimitError";
}

/**
 * Reads the stream to its end into a file of its own. A failure leaves no file, and leaves the
 * stream open, so that a request can still be answered.
 * @throws SpoolLimitError, the stream's own error, the signal's reason, or a system error with
 *   its errno (ENOSPC, EDQUOT, EACCES, EROFS)
 */
export async function spool(stream: Readable, { folder, maxBytes, signal }: SpoolOptions): Promise<Spooled> {
  signal.throwIfAborted();
  const path = join(folder, `${randomUUID()}${ending}`);
  // A file that cannot be removed now is removed at the next start.
  const remove = async (): Promise<void> => rm(path, { force: true }).catch(() => undefined);
  const stop = (): void => void stream.destroy(signal.reason as Error);
  signal.addEventListener("abort", stop);
  // Whoever reads is told of an error; but it can come before the reading begins.
  stream.on("error", ignore);
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return { path, ...(await write(path, stream, maxBytes)), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    stream.off("error", ignore);
  }
}

function ignore(): void {
  // see above
}

async function write(path: string, stream: Readable, maxBytes: number): Promise<{ sizeBytes: number; md5: string }> {
  await using file = await open(path, "wx", 0o600);
  const hash = createHash("md5");
  let sizeBytes = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new SpoolLimitError(`longer than ${maxBytes} bytes`);
    hash.update(chunk);
    await file.appendFile(chunk);
  }
  return { sizeBytes, md5: hash.digest("hex") };
}

/**
 * Removes what an earlier process left in the folder; one that is not there is empty. At once,
 * so that no file of this process can be among them.
 * @throws a system error when the folder cannot be read or written
 */
export function emptySpool(folder: string): void {
  for (const name of namesIn(folder)) if (name.endsWith(ending)) rmSync(join(folder, name), { force: true });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
