// Files on their way in: chunks in order, the MD5 at the end, then the file check during which the
// printer shows status 8. Not the HTTP around it.

import { fullPath, md5 } from "./files.ts";
import { machineStatus } from "./machine.ts";
import type { Printer } from "./printer.ts";

/** One chunk, as the form fields of the request name it. */
export interface Chunk {
  readonly uuid: string;
  /** Bytes before this one. */
  readonly offset: number;
  readonly totalSize: number;
  readonly md5: string;
  readonly check: boolean;
  readonly fileName: string;
  readonly content: Buffer;
}

/** The printer's `message` of a refused chunk. */
export const chunkFault = { negativeOffset: -1, wrongOffset: -2, cannotOpen: -3, unknown: -4 } as const;
type ChunkFault = (typeof chunkFault)[keyof typeof chunkFault];

interface Transfer {
  readonly parts: Buffer[];
  receivedBytes: number;
  timer: NodeJS.Timeout | undefined;
}

/** A client that went away in the middle does not keep the printer in status 2 for ever. */
const abandonedMs = 60_000;
const checkSeconds = 2;
/** The file is listed before status 8 goes away. */
const listedEarlyMs = 250;

export class Uploads implements Disposable {
  readonly #printer: Printer;
  readonly #reportError: (code: 1 | 2) => void;
  readonly #transfers = new Map<string, Transfer>();
  readonly #checking = new Map<string, NodeJS.Timeout>();

  /** `reportError` tells every client: 1 the MD5 did not match, 2 a wrong format. */
  constructor(printer: Printer, reportError: (code: 1 | 2) => void) {
    this.#printer = printer;
    this.#reportError = reportError;
  }

  /** @returns undefined when the chunk was taken. */
  take(chunk: Chunk): ChunkFault | undefined {
    this.#printer.counters.uploads.chunks += 1;
    if (chunk.offset < 0) return chunkFault.negativeOffset;
    const transfer = this.#transfers.get(chunk.uuid) ?? { parts: [], receivedBytes: 0, timer: undefined };
    if (chunk.offset !== transfer.receivedBytes) return chunkFault.wrongOffset;
    if (this.#printer.knobs.storageFull) return chunkFault.cannotOpen;
    if (chunk.offset + chunk.content.length > chunk.totalSize) return chunkFault.unknown;
    clearTimeout(transfer.timer);
    transfer.parts.push(chunk.content);
    transfer.receivedBytes += chunk.content.length;
    transfer.timer = setTimeout(() => this.#forget(chunk.uuid), abandonedMs);
    this.#transfers.set(chunk.uuid, transfer);
    this.#printer.machine.transferring = true;
    if (transfer.receivedBytes === chunk.totalSize) this.#finish(chunk, Buffer.concat(transfer.parts));
    return undefined;
  }

  /** @returns the `Ack` of command 255: 0 aborted, 1 no transfer, 2 already in file check, 3 not this one. */
  abort(uuid: string): 0 | 1 | 2 | 3 {
    if (this.#transfers.has(uuid)) {
      this.#forget(uuid);
      return 0;
    }
    if (this.#checking.has(uuid)) return 2;
    return this.#transfers.size === 0 ? 1 : 3;
  }

  /** Everything under way is lost, as when the daemon dies. */
  [Symbol.dispose](): void {
    for (const timer of this.#checking.values()) clearTimeout(timer);
    this.#checking.clear();
    for (const uuid of this.#transfers.keys()) this.#forget(uuid);
  }

  #forget(uuid: string): void {
    clearTimeout(this.#transfers.get(uuid)?.timer);
    this.#transfers.delete(uuid);
    this.#printer.machine.transferring = this.#transfers.size > 0;
  }

  #finish(chunk: Chunk, content: Buffer): void {
    this.#forget(chunk.uuid);
    this.#printer.machine.occupy(machineStatus.checking, checkSeconds);
    const timer = setTimeout(
      () => {
        this.#checking.delete(chunk.uuid);
        this.#judge(chunk, content);
      },
      checkSeconds * 1000 - listedEarlyMs,
    );
    this.#checking.set(chunk.uuid, timer);
  }

  #judge(chunk: Chunk, content: Buffer): void {
    const fault = chunk.check && md5(content) !== chunk.md5.toLowerCase() ? 1 : isGcode(chunk.fileName) ? undefined : 2;
    const { files, counters } = this.#printer;
    if (fault === undefined) {
      files.put(fullPath(chunk.fileName), content, Math.floor(Date.now() / 1000));
      counters.uploads.finished += 1;
    } else {
      counters.uploads.failed += 1;
      this.#reportError(fault);
    }
  }
}

function isGcode(name: string): boolean {
  return name.toLowerCase().endsWith(".gcode");
}
