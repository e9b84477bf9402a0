// Putting a file onto the printer so that it is seen only when it is whole: under another name first,
// renamed when its size is right; where the printer does not rename, removed when it is not whole.

import { dirname, posix } from "node:path";
import type { FileToSend } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import { partialName } from "./file-names.ts";
import { onLink, transfer } from "./ftp-errand.ts";
import type { FtpLink, FtpOptions } from "./ftp-link.ts";
import { isReply } from "./ftp-words.ts";

/** For looking at, and clearing up, what a broken upload has left, ms. */
const clearUpMs = 45_000;

interface Upload {
  /** Where it is to be: "/cache/a.3mf". */
  readonly path: string;
  /** Where it is written. */
  readonly partial: string;
  readonly file: FileToSend;
  /** Everything is sent and it gets its name. */
  placing: boolean;
}

/** The printer does not rename: the file has to be sent again under its own name. */
class NoRename extends Error {}

/**
 * Stores the file; one of that name is replaced. The reply at the end counts less than the size: it
 * comes late, not at all, or says 426 of a whole file, depending on the firmware.
 * @throws the signal's reason, PrinterError, or the failure as basic-ftp words it; nothing half is left
 *   under the name, as far as the printer can still be reached
 */
export async function upload(options: FtpOptions, path: string, file: FileToSend, signal: AbortSignal): Promise<void> {
  const { memory } = options;
  if (memory.renames) {
    try {
      await attempt(options, { path, partial: posix.join(dirname(path), partialName), file, placing: false }, signal);
      return;
    } catch (error) {
      if (!(error instanceof NoRename)) throw error;
      memory.renames = false;
    }
  }
  await attempt(options, { path, partial: path, file, placing: false }, signal);
}

async function attempt(options: FtpOptions, work: Upload, signal: AbortSignal): Promise<void> {
  try {
    await onLink(options, { signal, repeats: false }, async (link) => {
      await demandSpace(link, work.file.sizeBytes);
      // What lies there already must not be taken for what is sent now.
      await link.client.remove(work.partial, true);
      await transfer(link, { sizeBytes: work.file.sizeBytes, clock: options.clock }, async () =>
        link.client.uploadFrom(work.file.path, work.partial),
      );
      await conclude(link, work);
    });
  } catch (error) {
    if (nothingSent(error)) throw error;
    if (await saved(options, work, { error, aborted: signal.aborted })) return;
    throw error;
  }
}

/** The whole file is there, and gets its name. */
async function conclude(link: FtpLink, work: Upload): Promise<void> {
  const stored = await sizeOf(link, work.partial);
  if (stored !== work.file.sizeBytes) throw incomplete(work.file.sizeBytes, stored);
  if (work.partial !== work.path) await place(link, work);
}

async function place({ client }: FtpLink, work: Upload): Promise<void> {
  work.placing = true;
  try {
    await client.rename(work.partial, work.path);
  } catch (error) {
    if (!isReply(error)) throw error;
    // Some file systems do not rename onto a file that is there.
    await client.remove(work.path, true);
    try {
      await client.rename(work.partial, work.path);
    } catch (again) {
      if (!isReply(again)) throw again;
      throw new NoRename("the printer does not rename files", { cause: again });
    }
  }
}

/**
 * After a failure, on a connection of its own: finishes an upload that was whole after all, and
 * removes one that was not. True when the file is in its place. Never throws.
 */
async function saved(
  options: FtpOptions,
  work: Upload,
  { error, aborted }: { readonly error: unknown; readonly aborted: boolean },
): Promise<boolean> {
  const signal = AbortSignal.timeout(clearUpMs);
  try {
    return await onLink(options, { signal, repeats: false }, async (link) => {
      const stored = await sizeOf(link, work.partial);
      if (stored === null) return work.placing && (await sizeOf(link, work.path)) === work.file.sizeBytes;
      if (stored === work.file.sizeBytes && !aborted && !(error instanceof NoRename)) {
        await conclude(link, work);
        return true;
      }
      await link.client.remove(work.partial);
      return false;
    });
  } catch (reason) {
    options.log.warn("what an upload left on the printer could not be removed", { path: work.partial, error: reason });
    return false;
  }
}

/** Refused before any byte went. */
function nothingSent(error: unknown): boolean {
  return isReply(error, 450, 530, 550, 553) || (error instanceof PrinterError && error.code !== "unreachable");
}

/** Some printers tell how much room they have. */
async function demandSpace({ client }: FtpLink, sizeBytes: number): Promise<void> {
  const { code, message } = await client.sendIgnoringError("AVBL /");
  const free = code === 213 ? Number.parseInt(message.slice(4), 10) : Number.NaN;
  // None at all may mean that there is no card, which the upload itself is told better.
  if (free > 0 && free < sizeBytes) {
    const words = `the file has ${sizeBytes} bytes and the printer's card has ${free} left; delete files on it`;
    throw new PrinterError("storage_full", words);
  }
}

/** Bytes; null where there is no such file. @throws the failure as basic-ftp words it */
export async function sizeOf({ client }: FtpLink, path: string): Promise<number | null> {
  try {
    return await client.size(path);
  } catch (error) {
    if (isReply(error, 550)) return null;
    throw error;
  }
}

function incomplete(sent: number, stored: number | null): PrinterError {
  const words = `the printer stored ${stored ?? 0} of ${sent} bytes, which were removed; upload the file again`;
  return new PrinterError("unreachable", words);
}
