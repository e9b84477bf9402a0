// The printer's web server, plain HTTP: chunks of uploads out, files and pictures back. Always this
// printer and no other host; the only file that calls fetch.

import { postForm } from "@gantry/platform/form-upload";
import { PrinterError } from "../../model/errors.ts";
import type { Media } from "../../model/commands.ts";
import { fields, isFields, number, text } from "./codec.ts";
import type { CentauriSession } from "./session.ts";

const headersMs = 15_000;
/** One MiB over a poor Wi-Fi to a daemon that is busy. */
const chunkMs = 60_000;
const maxPictureBytes = 8 * 1024 * 1024;
const maxAnswerBytes = 64 * 1024;

/** One chunk of a file. */
export interface Chunk {
  readonly uuid: string;
  readonly fileName: string;
  readonly offset: number;
  readonly totalBytes: number;
  /** Of the whole file, lower-case hex. */
  readonly md5: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

/** The printer's `message` of a refused chunk; null where it gives none. */
export type ChunkVerdict = { readonly taken: true } | { readonly taken: false; readonly message: number | null };

/**
 * Sends one chunk. The parts and their order are those of the vendor's web page.
 * @throws PrinterError `unreachable`, `timeout`, `protocol` when the answer is none; the signal's reason
 */
export async function postChunk(session: CentauriSession, chunk: Chunk, signal: AbortSignal): Promise<ChunkVerdict> {
  const form = {
    fields: {
      TotalSize: String(chunk.totalBytes),
      Uuid: chunk.uuid,
      Offset: String(chunk.offset),
      Check: "1",
      "S-File-MD5": chunk.md5,
    },
    file: { field: "File", name: chunk.fileName, content: chunk.content },
    headers: {},
  };
  return withDeadline(session, chunkMs, signal, async (limited) => {
    const response = await postForm(address(session, "/uploadFile/upload").toString(), { ...form, signal: limited });
    const body = Buffer.from(await wholeBody(response, maxAnswerBytes)).toString("utf8");
    if (response.status !== 200) throw new PrinterError("protocol", `the printer answers HTTP ${response.status}`);
    return readVerdict(body);
  });
}

/** HTTP 200 says nothing: success is the code, compared as a text. */
function readVerdict(body: string): ChunkVerdict {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw new PrinterError("protocol", "the printer's answer to an upload is no JSON", { cause: error });
  }
  if (!isFields(answer)) throw new PrinterError("protocol", "the printer's answer to an upload is no object");
  if (answer["code"] === "000000") return { taken: true };
  const messages: unknown = answer["messages"];
  const [first] = Array.isArray(messages) ? (messages as unknown[]) : [];
  return { taken: false, message: number(fields(first)["message"]) };
}

/**
 * A file of the printer as a stream; null when it has none there.
 * @throws PrinterError `unreachable`, `timeout`, `protocol`; the signal's reason
 */
export async function fetchMedia(session: CentauriSession, path: string, signal: AbortSignal): Promise<Media | null> {
  const response = await open(session, path, signal);
  if (response === null) return null;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  return {
    mediaType: "application/octet-stream",
    sizeBytes: Number.isSafeInteger(length) ? length : null,
    content: contentOf(response),
  };
}

/**
 * A picture of the printer; null when it has none there.
 * @throws as fetchMedia; `protocol` when it is no PNG or JPEG of at most 8 MiB
 */
export async function fetchPicture(session: CentauriSession, path: string, signal: AbortSignal): Promise<Media | null> {
  const response = await open(session, path, signal);
  if (response === null) return null;
  const picture = await wholeBody(response, maxPictureBytes);
  const mediaType = pictureType(picture);
  if (mediaType === null) throw new PrinterError("protocol", "what the printer gives as the picture is none");
  return { mediaType, sizeBytes: picture.byteLength, content: once(picture) };
}

/**
 * The path of a URL or path that the printer named, percent-encoded.
 * @throws PrinterError `protocol` when it is a URL of another host
 */
export function ownPath(session: CentauriSession, reference: string): string {
  const absolute = reference.startsWith("//") ? `http:${reference}` : reference;
  if (!/^[a-z][a-z\d+.-]*:/iu.test(absolute)) return encodePath(`/${absolute.replace(/^\/+/u, "")}`);
  const url = URL.parse(absolute);
  const own = [session.host, session.connection.host, text(session.attributes["MainboardIP"])];
  if (url?.protocol === "http:" && own.includes(url.hostname.replaceAll(/^\[|\]$/gu, ""))) return url.pathname;
  throw new PrinterError("protocol", "the printer names a file on another host, which is not asked");
}

/** `/local/my part.gcode` → `/local/my%20part.gcode`; what is encoded already stays. */
export function encodePath(path: string): string {
  return path
    .split("/")
    .map((segment) => encodeURIComponent(decoded(segment)))
    .join("/");
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a bare percent sign
  }
}

async function open(session: CentauriSession, path: string, signal: AbortSignal): Promise<Response | null> {
  const response = await withDeadline(session, headersMs, signal, async (limited) =>
    fetch(address(session, path), { redirect: "manual", signal: limited }),
  );
  if (response.status === 200) return response;
  await response.body?.cancel();
  if (response.status === 404) return null;
  throw new PrinterError("protocol", `the printer answers HTTP ${response.status}`);
}

/** Setting the path alone can never lead to another host. */
function address({ host, connection }: CentauriSession, path: string): URL {
  const url = new URL(`http://${host.includes(":") ? `[${host}]` : host}:${connection.http_port}`);
  url.pathname = path;
  return url;
}

/** Runs with a signal that lives as long as caller and session, and ends after `ms` unless `run` is done. */
async function withDeadline<Result>(
  session: CentauriSession,
  ms: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  const done = new AbortController();
  const late = new PrinterError("timeout", "the printer's web server does not answer in time");
  session.clock.wait(ms, done.signal).then(
    () => limit.abort(late),
    () => undefined, // done in time
  );
  try {
    return await run(AbortSignal.any([signal, session.signal, limit.signal]));
  } catch (error) {
    for (const ended of [signal, session.signal, limit.signal]) ended.throwIfAborted();
    throw PrinterError.from(error);
  } finally {
    done.abort();
  }
}

async function wholeBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of contentOf(response)) {
    bytes += part.byteLength;
    if (bytes > maxBytes) throw new PrinterError("protocol", `the printer sends more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function* contentOf(response: Response): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body ?? [];
  } catch (error) {
    throw PrinterError.from(error);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function pictureType(bytes: Uint8Array): string | null {
  const start = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  if (start === "\u0089PNG") return "image/png";
  return start.startsWith("\u00FF\u00D8\u00FF") ? "image/jpeg" : null;
}
