// Uploading a file: PUT /upload, one part after the other, each confirmed by the offset of its last
// byte. Source: the vendor's SDK; quirks in ./README.md. Starting it is another command.

import { open, type FileHandle } from "node:fs/promises";
import type { CommandHandlers, FileToSend, HandlerOptions } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import type { Outcome } from "./acknowledge.ts";
import { refusedCode } from "./bootstrap.ts";
import { demandIdle } from "./checks.ts";
import { isFields, number } from "./codec.ts";
import { accessCode } from "./connection.ts";
import { codes, refusal } from "./error-words.ts";
import { exchange, type HttpAnswer } from "./http.ts";
import type { Cc2Session } from "./session.ts";
import { printable } from "./stored-file.ts";

const partBytes = 1024 * 1024;
const partMs = 60_000;
const offsetMismatch = 9000;
/** From the beginning again, when the printer has lost its place. */
const restarts = 1;
/** How often the printer is asked whether the file is there: about ten seconds. */
const looks = 5;

/** One part's answer: done, or the printer wants the file from the beginning. */
type PartAnswer = "taken" | "restart";

export function createUploadHandler(session: Cc2Session): NonNullable<CommandHandlers["uploadFile"]> {
  let busy = false;
  return async ({ file: name }, options) => {
    const file = demandUpload(session, name, options);
    if (busy) throw new PrinterError("wrong_phase", "another file is on its way to the printer; wait for it");
    busy = true;
    try {
      await sendFile(session, name, file, options.signal);
      session.upkeep.wantDisk();
      return await confirmStored(session, name, options);
    } finally {
      busy = false;
    }
  };
}

/** @throws PrinterError for what must not be sent; nothing was */
function demandUpload(session: Cc2Session, name: string, { file }: HandlerOptions): FileToSend {
  const { storage_media, filename } = printable(name);
  if (storage_media !== "local" || filename.includes("/")) {
    const message = "uploads go into the printer's own storage, without folders";
    throw new PrinterError("invalid_input", `/file: ${message}`, { problems: [{ pointer: "/file", message }] });
  }
  if (file === undefined || file.sizeBytes === 0) throw new PrinterError("invalid_input", "the file is empty");
  demandIdle(session);
  if (session.options.memory.codeRefused) throw refusedCode(session.options.memory);
  const free = session.readings.storages[0]?.freeBytes ?? null;
  if (free !== null && free < file.sizeBytes) {
    throw new PrinterError("storage_full", `the file has ${file.sizeBytes} bytes and the printer has ${free} left`);
  }
  return file;
}

async function sendFile(session: Cc2Session, name: string, file: FileToSend, signal: AbortSignal): Promise<void> {
  await using handle = await open(file.path, "r");
  for (let attempt = 0; attempt <= restarts; attempt += 1) {
    if ((await sendParts(session, name, file, handle, signal)) === "taken") return;
  }
  throw refusal(offsetMismatch);
}

async function sendParts(
  session: Cc2Session,
  name: string,
  file: FileToSend,
  handle: FileHandle,
  signal: AbortSignal,
): Promise<PartAnswer> {
  const buffer = new Uint8Array(partBytes);
  for (let first = 0; first < file.sizeBytes;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(partBytes, file.sizeBytes - first), first);
    if (bytesRead === 0) throw new PrinterError("internal", "the spooled file is shorter than it was");
    const answer = await sendPart(session, name, file, { bytes: buffer.subarray(0, bytesRead), first }, signal);
    if (answer === "restart") return answer;
    first += bytesRead;
  }
  return "taken";
}

interface Part {
  readonly bytes: Uint8Array;
  /** Offset of its first byte. */
  readonly first: number;
}

async function sendPart(
  session: Cc2Session,
  name: string,
  file: FileToSend,
  part: Part,
  signal: AbortSignal,
): Promise<PartAnswer> {
  const { connection, host } = session.options;
  const last = part.first + part.bytes.length - 1;
  try {
    const answer = await exchange({
      host,
      port: connection.http_port,
      method: "PUT",
      path: "/upload",
      headers: {
        "Content-Type": "application/octet-stream",
        "Content-Range": `bytes ${part.first}-${last}/${file.sizeBytes}`,
        "X-File-Name": headerName(name),
        "X-File-MD5": file.md5,
        "X-Token": accessCode(connection),
      },
      body: part.bytes,
      deadlineMs: partMs,
      signal: AbortSignal.any([signal, session.signal]),
    });
    return judge(session, answer, last);
  } catch (error) {
    if (error instanceof PrinterError && error.code === "unreachable") throw closedPort(error);
    throw error;
  }
}

/** Only a name that is not ASCII is encoded: firmware takes the rest as it is. */
function headerName(name: string): string {
  return /^[\x20-\x7e]+$/u.test(name) ? name : encodeURIComponent(name);
}

/** What the answer to a part says. An empty body of a 2xx is a yes. */
function judge(session: Cc2Session, { status, body }: HttpAnswer, last: number): PartAnswer {
  if (status === 401) throw refusedCode(session.options.memory);
  const answer = parseAnswer(body);
  const code = number(answer["error_code"]) ?? 0;
  if (code === offsetMismatch) return "restart";
  if (code !== 0) throw refusal(code);
  if (status < 200 || status > 299) {
    throw new PrinterError("printer_refused", `the printer answers the upload with HTTP ${status}`);
  }
  const offset = number(answer["offset"]);
  return offset === null || offset === last ? "taken" : "restart";
}

function parseAnswer(body: string): Readonly<Record<string, unknown>> {
  if (body.trim() === "") return {};
  try {
    const answer: unknown = JSON.parse(body);
    if (isFields(answer)) return answer;
  } catch {
    // told below
  }
  throw new PrinterError("protocol", "the printer answers the upload with something that is no JSON");
}

function closedPort(error: PrinterError): PrinterError {
  const words = `the printer's web server takes no upload: ${error.message}; is LAN Only mode on?`;
  return new PrinterError("unreachable", words, { cause: error });
}

/** The printer lists the file: only then can it be started. */
async function confirmStored(session: Cc2Session, name: string, { signal }: HandlerOptions): Promise<Outcome> {
  for (let look = 0; look < looks; look += 1) {
    try {
      const { errorCode } = await session.askRaw("fileDetail", printable(name), { signal, urgency: "asked" });
      if (errorCode === 0) return { outcome: "acknowledged" };
      if (errorCode !== codes.noSuchFile && errorCode !== codes.busy) break;
    } catch (error) {
      const { code } = PrinterError.from(error);
      if (code === "timeout" || code === "unreachable" || code === "unsupported") return { outcome: "unconfirmed" };
      throw error;
    }
  }
  throw new PrinterError("printer_refused", "the printer took the whole file and does not list it; upload it again");
}
