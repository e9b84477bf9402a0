// Files on their way in, chunk by chunk under their names, with the MD5 of the whole at the end. Not
// the HTTP around it.

import { errorCode } from "./errors.ts";
import { md5 } from "./files.ts";
import type { Printer } from "./printer.ts";

/** One request's body and where it belongs. */
export interface Chunk {
  readonly fileName: string;
  readonly firstByte: number;
  readonly totalBytes: number;
  /** Of the whole file, lower-case hex; undefined: the client does not say. */
  readonly md5: string | undefined;
  readonly content: Buffer;
}

interface Transfer {
  readonly parts: Buffer[];
  receivedBytes: number;
  timer: NodeJS.Timeout | undefined;
}

/** `sub_status` while `status` is 11. */
const uploading = 3000;
const uploaded = 3001;
/** A client that went away in the middle does not keep the printer in status 11 for ever. */
const abandonedMs = 60_000;
const uploadedMs = 1000;

export class Uploads implements Disposable {
  readonly #printer: Printer;
  readonly #transfers = new Map<string, Transfer>();
  #afterglow: NodeJS.Timeout | undefined;

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  /** @returns the code that the printer answers, 0 when the chunk was taken. A refused one ends its transfer. */
  take(chunk: Chunk): number {
    const { counters } = this.#printer;
    counters.uploads.chunks += 1;
    const code = this.#append(chunk);
    if (code !== errorCode.ok) {
      counters.uploads.failed += 1;
      this.#forget(chunk.fileName);
    }
    return code;
  }

  /** Everything under way is lost, as when the daemon dies. */
  [Symbol.dispose](): void {
    clearTimeout(this.#afterglow);
    for (const name of this.#transfers.keys()) this.#forget(name);
    this.#show(undefined);
  }

  #append(chunk: Chunk): number {
    const { fileName, firstByte, totalBytes, content } = chunk;
    // The first chunk begins anew, whatever came before.
    if (firstByte === 0) this.#remove(fileName);
    const transfer = this.#transfers.get(fileName) ?? { parts: [], receivedBytes: 0, timer: undefined };
    if (firstByte !== transfer.receivedBytes) return errorCode.offsetMismatch;
    if (this.#printer.knobs.storageFull || firstByte + content.length > totalBytes) return errorCode.writeError;
    clearTimeout(transfer.timer);
    transfer.parts.push(content);
    transfer.receivedBytes += content.length;
    transfer.timer = setTimeout(() => this.#forget(fileName), abandonedMs);
    this.#transfers.set(fileName, transfer);
    clearTimeout(this.#afterglow);
    this.#show(uploading);
    return transfer.receivedBytes < totalBytes ? errorCode.ok : this.#finish(chunk, Buffer.concat(transfer.parts));
  }

  #finish(chunk: Chunk, content: Buffer): number {
    if (chunk.md5 !== undefined && chunk.md5.toLowerCase() !== md5(content)) return errorCode.md5Mismatch;
    this.#remove(chunk.fileName);
    this.#printer.files.put("local", chunk.fileName, content, Math.floor(Date.now() / 1000));
    this.#printer.counters.uploads.finished += 1;
    this.#show(uploaded);
    this.#afterglow = setTimeout(() => this.#show(undefined), uploadedMs);
    return errorCode.ok;
  }

  #remove(fileName: string): void {
    clearTimeout(this.#transfers.get(fileName)?.timer);
    this.#transfers.delete(fileName);
  }

  #forget(fileName: string): void {
    this.#remove(fileName);
    if (this.#transfers.size === 0) this.#show(undefined);
  }

  #show(code: number | undefined): void {
    this.#printer.machine.showTransfer(code);
  }
}
