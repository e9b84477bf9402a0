// Moonraker's HTTP side, for what a socket is bad at: files in and out, and the list of webcams
// before there is a session. The only file that calls `fetch`.

import { postForm } from "@gantry/platform/form-upload";
import { PrinterError } from "../../model/errors.ts";
import type { FileToSend, Media } from "../../model/commands.ts";
import { fields, number, text, type Fields } from "./codec.ts";
import { addressOf, type Connection } from "./connection.ts";
import { firstLines, refusedKey } from "./refusals.ts";

const answerMs = 10_000;

/** `result` of a GET. @throws PrinterError as `send` does, `protocol` */
export async function getJson(connection: Connection, path: string, signal: AbortSignal): Promise<unknown> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  const response = await send(connection, path, { signal: limit });
  return fields(await json(response))["result"];
}

/** A file of the `gcodes` root, as it comes. @throws PrinterError `not_found` and as `send` does */
export async function download(connection: Connection, file: string, signal: AbortSignal): Promise<Media> {
  const path = `server/files/gcodes/${file.split("/").map(encodeURIComponent).join("/")}`;
  const response = await send(connection, path, { signal });
  const length = response.headers.get("content-length");
  const sizeBytes = length === null || response.headers.has("content-encoding") ? null : Number(length);
  const mediaType = response.headers.get("content-type") ?? "application/octet-stream";
  return { mediaType, sizeBytes, content: bytes(response) };
}

async function* bytes(response: Response): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body ?? [];
  } catch (error) {
    throw PrinterError.from(error);
  }
}

/**
 * Stores a file in the `gcodes` root and gives what Moonraker says of it; it starts nothing.
 * @param sha256 of the content, lower-case hex: Moonraker refuses what arrives otherwise
 * @throws PrinterError `printer_refused` (in use, damaged on the way), `file_too_large`, `storage_full`
 */
export async function upload(
  connection: Connection,
  { folder, name, sha256, source }: { folder: string; name: string; sha256: string; source: FileToSend },
  signal: AbortSignal,
): Promise<Fields> {
  const upload = {
    fields: { root: "gcodes", ...(folder === "" ? {} : { path: folder }), checksum: sha256, print: "false" },
    file: { field: "file", name, content: source.path },
    headers: keyOf(connection),
    signal,
  };
  const sent = postForm(addressOf(connection, "server/files/upload").toString(), upload);
  return fields(await json(await checked(sent, signal)));
}

/** @throws PrinterError `unreachable`, `timeout`, `printer_auth`, `not_found`, `printer_refused`, … */
async function send(connection: Connection, path: string, init: RequestInit): Promise<Response> {
  const sent = fetch(addressOf(connection, path), { ...init, redirect: "error", headers: keyOf(connection) });
  return checked(sent, init.signal ?? undefined);
}

function keyOf({ api_key: key }: Connection): Record<string, string> {
  return key === undefined ? {} : { "X-Api-Key": key };
}

async function checked(sent: Promise<Response>, signal: AbortSignal | undefined): Promise<Response> {
  let response: Response;
  try {
    response = await sent;
  } catch (error) {
    signal?.throwIfAborted();
    throw PrinterError.from(error);
  }
  if (response.ok) return response;
  throw failure(response.status, await json(response).catch(() => undefined));
}

const statusCodes = { 404: "not_found", 413: "file_too_large", 507: "storage_full" } as const;

const statusWords: Readonly<Record<number, string>> = {
  404: "there is no such file on the printer",
  413: "the web server in front of Moonraker takes no file of this size (nginx: client_max_body_size)",
  422: "the file was damaged on its way to the printer; try again",
};

/** Moonraker's error bodies carry a traceback, which stays here. */
function failure(status: number, body: unknown): PrinterError {
  if (status === 401) return refusedKey();
  const message = text(fields(fields(body)["error"])["message"]);
  const words = statusWords[status] ?? firstLines(message ?? "no reason was given");
  const code = statusCodes[status as keyof typeof statusCodes];
  if (code !== undefined) return new PrinterError(code, words);
  if (/no space left/iu.test(words)) return new PrinterError("storage_full", words);
  if (status === 502 || status === 503 || status === 504) {
    return new PrinterError("unreachable", `Moonraker answers HTTP ${status}: ${words}`);
  }
  return new PrinterError("printer_refused", `Moonraker refuses: ${words} (HTTP ${status})`);
}

async function json(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw new PrinterError("protocol", "the address answers with something else than JSON: is this Moonraker?", {
        cause,
      });
    }
    throw PrinterError.from(cause);
  }
}

/** A Unix time in seconds → ISO 8601 UTC. */
export function instant(value: unknown): string | null {
  const seconds = number(value);
  return seconds === null || Math.abs(seconds) > 8e9 ? null : new Date(seconds * 1000).toISOString();
}
