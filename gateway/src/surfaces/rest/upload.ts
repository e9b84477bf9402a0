// A file on its way to a printer: asked first, then read from the client to disk, then handed to
// the gate. It is off the disk again before the client is answered.

import type { Request, Response } from "express";
import { spool, SpoolLimitError, type Spooled } from "@gantry/platform/spool";
import type { CommandAnswer, CommandRequest, Fleet } from "../../fleet/fleet.ts";
import { PrinterError } from "../../model/errors.ts";
import { sendAnswer } from "./answer.ts";

interface Upload {
  readonly request: Request;
  readonly response: Response;
  /** Where the file waits. */
  readonly folder: string;
  readonly maxBytes: number;
}

type Asked = CommandRequest & { readonly signal: AbortSignal };

/**
 * Answers a request whose body is the file.
 * @throws PrinterError as Fleet.dispatch does, and of its own `invalid_input`, `file_type`,
 *   `file_too_large` and `storage_full`; only the last two can come after some of the body was read
 */
export async function receiveUpload(fleet: Fleet, asked: Asked, upload: Upload): Promise<void> {
  await fleet.dispatch({ ...asked, dryRun: true });
  checkHeaders(upload);
  const answer = await carry(fleet, asked, upload);
  if (answer.kind !== "media") sendAnswer(upload.response, answer);
}

async function carry(fleet: Fleet, asked: Asked, upload: Upload): Promise<CommandAnswer> {
  await using file = await receive(upload, asked.signal);
  if (file.sizeBytes === 0) throw emptyBody();
  return await fleet.dispatch({ ...asked, file });
}

async function receive({ request, folder, maxBytes }: Upload, signal: AbortSignal): Promise<Spooled> {
  try {
    return await spool(request, { folder, maxBytes, signal });
  } catch (error) {
    throw error instanceof SpoolLimitError ? tooLarge(maxBytes) : faultOf(error);
  }
}

/** What can be refused before a byte of the body is read. */
function checkHeaders({ request, maxBytes }: Upload): void {
  const { "content-length": length, "content-encoding": encoding = "identity" } = request.headers;
  if (request.is("multipart/*") !== false) {
    throw new PrinterError("file_type", "send the file itself as the body, not a form: curl -T FILE, not curl -F");
  }
  if (encoding !== "identity") {
    throw new PrinterError("file_type", `send the file as it is, without Content-Encoding ${JSON.stringify(encoding)}`);
  }
  if (request.headers["content-range"] !== undefined) {
    throw new PrinterError("invalid_input", "send the file whole, without Content-Range");
  }
  if (length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes);
  if (length === undefined ? request.headers["transfer-encoding"] === undefined : Number(length) === 0) {
    throw emptyBody();
  }
}

/** A fault of stream or disk in the product's words. */
export function faultOf(error: unknown): unknown {
  const fault = faults.get((error as NodeJS.ErrnoException).code ?? "");
  return fault === undefined ? error : new PrinterError(fault.code, fault.words, { cause: error });
}

const diskFull = {
  code: "storage_full",
  words: "the gateway's own disk is full; make room below GANTRY_DATA_DIR",
} as const;
const brokenOff = { code: "aborted", words: "the client broke off the upload" } as const;

const faults = new Map<string, typeof diskFull | typeof brokenOff>([
  ["ENOSPC", diskFull],
  ["EDQUOT", diskFull],
  ["ECONNRESET", brokenOff],
  ["ERR_STREAM_PREMATURE_CLOSE", brokenOff],
]);

function tooLarge(maxBytes: number): PrinterError {
  const limit = Number((maxBytes / 1024 ** 3).toFixed(3));
  return new PrinterError("file_too_large", `a file may have ${limit} GiB at most`);
}

function emptyBody(): PrinterError {
  return new PrinterError("invalid_input", "the body is empty; send the file as the body");
}
