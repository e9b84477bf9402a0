// A file on its way to the printer: chunks of one MiB strictly in order, then the printer's own
// check of the MD5. One at a time, and only to an idle printer. The bytes themselves: ./http.ts.

import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { PrinterError } from "../../model/errors.ts";
import type { FileToSend } from "../../model/commands.ts";
import { listFiles } from "./files.ts";
import { mustBeIdle, type Acknowledged } from "./guards.ts";
import { postChunk, type Chunk, type ChunkVerdict } from "./http.ts";
import { limits } from "./limits.ts";
import type { CentauriSession } from "./session.ts";
import { isTakingFile, readStorages } from "./state.ts";
import { uploadName } from "./stored-path.ts";

/** `message` of a refused chunk: what was received ends elsewhere; the file cannot be opened; unknown. */
const mismatch = -2;
const cannotOpen = -3;
const unknownFault = -4;

const retryMs = 1000;
const checkLookMs = 1000;
const checkMs = 60_000;
const abortAnswerMs = 5000;

/**
 * Stores a file under a name; resolves once the printer has checked it.
 * @throws PrinterError `invalid_input`, `wrong_phase`, `storage_full`, `printer_refused`, `unreachable`,
 *   `timeout`; the signal's reason. What was sent of the file is dropped by the printer then.
 */
export async function upload(
  session: CentauriSession,
  file: string,
  source: FileToSend | undefined,
  signal: AbortSignal,
): Promise<Acknowledged> {
  const name = uploadName(file);
  if (source === undefined || source.sizeBytes === 0) {
    throw new PrinterError("invalid_input", "the printer takes no empty file");
  }
  if (session.transfer !== null) {
    throw new PrinterError("wrong_phase", "another file is on its way to the printer; wait for it");
  }
  session.transfer = `receiving ${name}`;
  try {
    await mustTakeFile(session, source, signal);
    await new Upload(session, name, source).run(signal);
    return { outcome: "acknowledged" };
  } finally {
    session.transfer = null;
    session.refreshAttributes();
  }
}

async function mustTakeFile(session: CentauriSession, { sizeBytes }: FileToSend, signal: AbortSignal): Promise<void> {
  await mustBeIdle(session, "take a file", signal);
  const free = readStorages(session.attributes)[0]?.freeBytes ?? null;
  if (free !== null && free < sizeBytes) {
    throw new PrinterError("storage_full", `the printer has ${free} bytes free, the file ${sizeBytes}; delete some`);
  }
}

class Upload {
  readonly #session: CentauriSession;
  readonly #name: string;
  readonly #source: FileToSend;
  readonly #uuid = randomBytes(16).toString("hex");
  /** What the printer reported after it had taken everything. */
  #fault: PrinterError | undefined;
  /** A chunk was sent twice and nobody knows which one was taken. */
  #doubtful = false;

  constructor(session: CentauriSession, name: string, source: FileToSend) {
    this.#session = session;
    this.#name = name;
    this.#source = source;
  }

  async run(signal: AbortSignal): Promise<void> {
    using _listening = this.#session.fileErrors.on((code) => (this.#fault = checkFault(code)));
    try {
      await this.#sendAll(signal);
    } catch (error) {
      await this.#abort();
      throw error;
    }
    await this.#checked(signal);
    if (this.#doubtful) await this.#mustBeListed(signal);
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    const { path, sizeBytes } = this.#source;
    await using handle = await open(path, "r");
    for (let offset = 0; offset < sizeBytes; offset += limits.chunkBytes) {
      const content = new Uint8Array(Math.min(limits.chunkBytes, sizeBytes - offset));
      const { bytesRead } = await handle.read(content, 0, content.length, offset);
      if (bytesRead < content.length) throw new PrinterError("internal", "the file to send became shorter");
      await this.#send(offset, content, signal);
      const percent = Math.floor((100 * (offset + content.length)) / sizeBytes);
      this.#session.transfer = `receiving ${this.#name}, ${percent} %`;
    }
  }

  /** A chunk that failed is sent once more; never another one meanwhile. */
  async #send(offset: number, content: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
    const { sizeBytes: totalBytes, md5 } = this.#source;
    const chunk = { uuid: this.#uuid, fileName: this.#name, offset, totalBytes, md5, content };
    const first = await this.#try(chunk, signal);
    if (first?.taken === true) return;
    if (first !== null && first.message !== unknownFault) throw refusedChunk(first.message);
    await this.#session.clock.wait(retryMs, signal);
    const second = await postChunk(this.#session, chunk, signal);
    if (second.taken) return;
    // The first one had arrived after all: the printer waits for what follows it.
    if (first === null && second.message === mismatch) this.#doubtful = true;
    else throw refusedChunk(second.message);
  }

  /** null: nobody knows whether the printer took it. */
  async #try(chunk: Chunk, signal: AbortSignal): Promise<ChunkVerdict | null> {
    try {
      return await postChunk(this.#session, chunk, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#session.signal.throwIfAborted();
      this.#session.log.warn("a chunk of an upload failed; it is sent once more", { offset: chunk.offset, error });
      return null;
    }
  }

  /** Waits until the printer has checked the file. Its verdict comes before it says that it is done. */
  async #checked(signal: AbortSignal): Promise<void> {
    const { clock } = this.#session;
    const untilMs = clock.monotonic() + checkMs;
    this.#session.transfer = `checking ${this.#name}`;
    do {
      await clock.wait(checkLookMs, signal);
      const status = await this.#session.refresh(signal);
      if (this.#fault !== undefined) throw this.#fault;
      if (!isTakingFile(status)) return;
    } while (clock.monotonic() < untilMs);
    throw new PrinterError("timeout", "the printer has the file but still checks it; look at its file list later");
  }

  async #mustBeListed(signal: AbortSignal): Promise<void> {
    const files = await listFiles(this.#session, signal);
    const { sizeBytes } = this.#source;
    if (files.some((file) => file.name === this.#name && file.sizeBytes === sizeBytes)) return;
    throw new PrinterError("printer_refused", "the transfer broke and the printer has no such file; send it again");
  }

  /** Has the printer drop what it got. It may have nothing, or be gone. */
  async #abort(): Promise<void> {
    const { signal } = this.#session;
    try {
      const payload = { Uuid: this.#uuid, FileName: this.#name };
      await this.#session.ask("abortTransfer", payload, { signal, deadlineMs: abortAnswerMs });
    } catch (error) {
      this.#session.log.debug("the broken transfer could not be taken back", { error });
    }
  }
}

function refusedChunk(message: number | null): PrinterError {
  if (message === cannotOpen) {
    return new PrinterError("storage_full", "the printer cannot write the file (code -3): is its storage full?");
  }
  const words =
    message === mismatch
      ? "the printer received something else than was sent; send the file again"
      : "the printer refused a part of the file; send it again";
  return new PrinterError("printer_refused", `${words} (code ${message ?? "none"})`);
}

/** `sdcp/error` after an upload. */
function checkFault(code: number | null): PrinterError {
  const words =
    code === 1
      ? "the file arrived damaged: its MD5 does not match; send it again"
      : "the printer cannot print this file";
  return new PrinterError("printer_refused", `${words} (code ${code ?? "none"})`);
}
