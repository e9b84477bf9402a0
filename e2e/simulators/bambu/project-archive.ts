// Reads of a 3MF on the card what the firmware needs to print a plate. Written apart from the
// gateway's reader, so that neither hides the other's faults.

import { createHash } from "node:crypto";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Entry, openPromise, type ZipFile } from "yauzl";

export interface ArchivePlate {
  /** Upper-case hex, of the G-code. */
  readonly md5: string;
  readonly layers: number;
  readonly printSeconds: number;
  readonly nozzleCelsius: number;
  readonly bedCelsius: number;
  /** Numbers of the filaments it uses, from 1. */
  readonly filaments: readonly number[];
}

const headBytes = 64 * 1024;

/** @returns undefined for a file that is no archive or does not hold the plate */
export async function readPlate(path: string, plate: number): Promise<ArchivePlate | undefined> {
  try {
    return await read(path, plate);
  } catch {
    // Not a zip, or a damaged one: the printer cannot parse it either.
    return undefined;
  }
}

async function read(path: string, plate: number): Promise<ArchivePlate | undefined> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  try {
    const wanted = [`Metadata/plate_${plate}.gcode`, "Metadata/slice_info.config"] as const;
    const entries = await find(zip, wanted);
    const gcodeEntry = entries.get(wanted[0]);
    if (gcodeEntry === undefined) return undefined;
    const gcode = await digest(zip, gcodeEntry);
    const infoEntry = entries.get(wanted[1]);
    const info = infoEntry === undefined ? "" : (await digest(zip, infoEntry)).head;
    return { md5: gcode.md5, ...fromGcode(gcode.head), ...fromSliceInfo(info, plate) };
  } finally {
    zip.close();
  }
}

async function find(zip: ZipFile, names: readonly string[]): Promise<ReadonlyMap<string, Entry>> {
  return new Promise((resolve, reject) => {
    const found = new Map<string, Entry>();
    zip.on("entry", (entry: Entry) => {
      if (names.includes(entry.fileName)) found.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.once("end", () => resolve(found));
    zip.once("error", reject);
    zip.readEntry();
  });
}

async function digest(zip: ZipFile, entry: Entry): Promise<{ readonly md5: string; readonly head: string }> {
  const stream = await zip.openReadStreamPromise(entry);
  const hash = createHash("md5");
  const head: Buffer[] = [];
  let size = 0;
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      if (size < headBytes) head.push(chunk);
      size += chunk.length;
      done();
    },
  });
  await pipeline(stream, sink);
  return { md5: hash.digest("hex").toUpperCase(), head: Buffer.concat(head).toString("utf8") };
}

function fromGcode(head: string): Pick<ArchivePlate, "layers" | "nozzleCelsius" | "bedCelsius"> {
  const number = (pattern: RegExp, byDefault: number): number => Number(pattern.exec(head)?.[1] ?? byDefault);
  return {
    layers: number(/^; total layer number: (\d+)/m, 100),
    nozzleCelsius: number(/^M10[49] S(\d+)/m, 220),
    bedCelsius: number(/^M1[49]0 S(\d+)/m, 60),
  };
}

function fromSliceInfo(xml: string, plate: number): Pick<ArchivePlate, "printSeconds" | "filaments"> {
  const part = xml.split("<plate>").find((text) => new RegExp(`key="index" value="${plate}"`).test(text)) ?? "";
  const seconds = Number(/key="prediction" value="(\d+)"/.exec(part)?.[1] ?? 600);
  const filaments = [...part.matchAll(/<filament id="(\d+)"/g)].map(([, id]) => Number(id));
  return { printSeconds: Math.max(1, seconds), filaments };
}
