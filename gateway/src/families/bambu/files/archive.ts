// A few small entries out of a zip file, whoever made it. Not what they mean. Bounded in every way:
// names, number, size of each entry and of all; nothing is written anywhere. Format: PKWARE APPNOTE.

import { openPromise, type Entry, type ZipFile } from "yauzl";
import { PrinterError } from "../../../model/errors.ts";

const mostEntries = 20_000;
/** All that is read of one archive. */
const mostBytes = 48 * 1024 * 1024;

export interface Archive {
  /** Names of all its files. */
  readonly names: ReadonlySet<string>;
  /** What was asked for, by name. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

/**
 * Reads the entries that `wanted` gives a limit for, in bytes; those that are larger are left out.
 * @throws PrinterError `invalid_input` for what is no archive, or one that is built to do harm
 */
export async function readArchive(path: string, wanted: (name: string) => number | undefined): Promise<Archive> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: false });
    return await readEntries(zip, wanted);
  } catch (error) {
    if (error instanceof PrinterError) throw error;
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw PrinterError.from(error);
    throw noArchive((error as Error).message, error);
  } finally {
    zip?.close();
  }
}

async function readEntries(zip: ZipFile, wanted: (name: string) => number | undefined): Promise<Archive> {
  if (zip.entryCount > mostEntries) throw noArchive(`it has ${zip.entryCount} entries`);
  const names = new Set<string>();
  const contents = new Map<string, Buffer>();
  let leftBytes = mostBytes;
  // yauzl itself refuses names with `..`, absolute ones and backslashes.
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName;
    // A second entry of a name says something else to every reader: the first counts.
    if (name.endsWith("/") || names.has(name)) continue;
    names.add(name);
    const limit = wanted(name);
    if (limit === undefined || entry.uncompressedSize > Math.min(limit, leftBytes)) continue;
    const content = await readEntry(zip, entry);
    leftBytes -= content.length;
    contents.set(name, content);
  }
  return { names, contents };
}

/** Never longer than the entry says: yauzl ends the stream with an error there. */
async function readEntry(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export function noArchive(reason: string, cause?: unknown): PrinterError {
  return new PrinterError("invalid_input", `the file is no sound 3MF project: ${reason}`, { cause });
}
