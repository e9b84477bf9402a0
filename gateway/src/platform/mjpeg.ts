// MJPEG over HTTP: one connection in, whole pictures out. It never reconnects; the bytes are cut
// by ./mjpeg-parser.ts. It lives here, not in the gateway's camera room, because the printer
// families, the camera room and the RTSP bridge all read multipart streams of JPEG pictures.

import type { IncomingMessage } from "node:http";
import { MjpegParser } from "./mjpeg-parser.ts";
import { clientFor } from "./node-http.ts";

/** Longest JPEG that is taken, bytes. A longer one is skipped. */
export const maxFrameBytes = 16 * 1024 * 1024;

/** So much without a first picture, and it is no camera that answers, bytes. */
const maxPreambleBytes = 1024 * 1024;

const maxRedirects = 5;

/** Longest reason that is read, characters. */
const maxProblemLength = 16_384;

export interface MjpegOptions {
  readonly signal: AbortSignal;
  /** Longest wait for the first picture, connecting included, ms; `stallMs` by default. */
  readonly firstFrameMs?: number;
  /** Longest wait between two pictures, ms. Time that the consumer takes does not count. */
  readonly stallMs: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a stream of pictures ended. */
export class MjpegError extends Error {
  override readonly name = "MjpegError";
  readonly reason: "refused" | "not-mjpeg" | "stalled" | "ended" | "unreachable";
  readonly status: number | undefined;
  /** True when the message is the other side's own: a service of this house told why it refuses. */
  readonly isTold: boolean;

  constructor(
    reason: MjpegError["reason"],
    message: string,
    { cause, status, isTold = false }: { cause?: unknown; status?: number; isTold?: boolean } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.status = status;
    this.isTold = isTold;
  }
}

/**
 * Opens `url` and yields each whole JPEG (FF D8 … FF D9) as it arrives; a plain JPEG is a stream
 * of one. Holds exactly one connection, closed when the consumer stops or the signal aborts.
 * A user and password in the URL are sent as basic authentication.
 *
 * @throws MjpegError when the server refuses, sends no MJPEG, goes silent or ends; the signal's
 *   reason when it aborts.
 */
export async function* openMjpeg(url: string, options: MjpegOptions): AsyncGenerator<Uint8Array, never> {
  options.signal.throwIfAborted();
  const connection = new AbortController();
  const abort = (): void => connection.abort(options.signal.reason);
  options.signal.addEventListener("abort", abort);
  const silence = new Silence(() => connection.abort(new MjpegError("stalled", "the camera sends no pictures")));
  try {
    silence.begin(options.firstFrameMs ?? options.stallMs);
    for await (const frame of pictures(await request(url, connection.signal, options.headers))) {
      silence.end();
      yield frame;
      silence.begin(options.stallMs);
    }
    throw new MjpegError("ended", "the camera ended its stream");
  } catch (error) {
    // The reason of an abort or a stall comes before the network error that it caused.
    throw connection.signal.aborted ? connection.signal.reason : error;
  } finally {
    silence.end();
    options.signal.removeEventListener("abort", abort);
    connection.abort();
  }
}

/** Calls back when it was not ended in time. */
class Silence {
  readonly #onTooLong: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onTooLong: () => void) {
    this.#onTooLong = onTooLong;
  }

  begin(ms: number): void {
    this.end();
    this.#timer = setTimeout(this.#onTooLong, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Follows redirects; credentials and other headers stay with the host that they were meant for. */
async function request(address: string, signal: AbortSignal, extra: MjpegOptions["headers"]): Promise<IncomingMessage> {
  let url = httpUrl(address);
  const { origin } = url;
  const own = { ...authorization(url), ...extra };
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const response = await get(url, url.origin === origin ? own : {}, signal);
    const { statusCode: status = 0, headers } = response;
    if (status === 200) return response;
    if (status < 300 || status >= 400 || headers.location === undefined) {
      const reason = await problemDetail(response);
      throw new MjpegError("refused", reason ?? refusal(status), { status, isTold: reason !== undefined });
    }
    response.destroy();
    url = httpUrl(URL.parse(headers.location, url.href)?.href ?? headers.location);
  }
  throw new MjpegError("refused", "the camera's address redirects without end");
}

/** What a camera means by its status, and what to do about it. */
function refusal(status: number): string {
  const words = {
    401: "the camera refuses the username or the password (HTTP 401): correct them in the inventory",
    403: "the camera refuses to be looked at (HTTP 403): check its login in the inventory and its settings",
    404: "the camera has nothing at this address (HTTP 404): correct the path in the inventory",
    429: "the camera has too many viewers (HTTP 429): close it in other programs",
    503: "the camera is busy (HTTP 503): close it in other programs, or restart it",
  }[status];
  return words ?? `the camera answered HTTP ${status}: is its address right?`;
}

/** The reason that a service of this house gives (RFC 9457); undefined from any other. Closes the connection. */
async function problemDetail(response: IncomingMessage): Promise<string | undefined> {
  try {
    if (!/^application\/problem\+json/iu.test(response.headers["content-type"] ?? "")) return undefined;
    let body = "";
    for await (const chunk of response.setEncoding("utf8")) {
      body += String(chunk);
      if (body.length > maxProblemLength) return undefined;
    }
    const { detail } = JSON.parse(body) as { readonly detail?: unknown };
    return typeof detail === "string" && detail !== "" ? detail : undefined;
  } catch {
    return undefined; // cut off, or no document
  } finally {
    response.destroy();
  }
}

/**
 * Not fetch: when a stream is aborted, undici connects once more to the same host (seen with
 * Node 24.21), and a camera with one slot gives it to that.
 */
function get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // The lenient parser, as the headers of small cameras are not always well formed.
    const request = clientFor(url).get(url, {
      agent: false,
      headers: { accept: "*/*", ...headers },
      insecureHTTPParser: true,
      signal,
    });
    request.once("response", resolve);
    request.on("error", (cause: NodeJS.ErrnoException) => {
      const code = cause.code === undefined ? "" : ` (${cause.code})`;
      reject(
        new MjpegError("unreachable", `the camera cannot be reached${code}: is it on, and is its address right?`, {
          cause,
        }),
      );
    });
  });
}

function httpUrl(address: string): URL {
  const url = URL.parse(address);
  if (url !== null && /^https?:$/u.test(url.protocol)) return url;
  throw new MjpegError("unreachable", "the camera's address is no http address");
}

/** Takes user and password out of the URL, where people write them down. */
function authorization(url: URL): Record<string, string> {
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (username === "" && password === "") return {};
  const plain = `${decoded(username)}:${decoded(password)}`;
  return { authorization: `Basic ${Buffer.from(plain).toString("base64")}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare % that was meant as it stands
  }
}

async function* pictures(response: IncomingMessage): AsyncGenerator<Uint8Array, void> {
  const type = response.headers["content-type"] ?? "";
  if (/^(?:text\/html|application\/(?:json|xhtml\+xml))/iu.test(type)) throw notMjpeg(type);
  const parser = new MjpegParser({ maxFrameBytes });
  let some = false;
  for await (const chunk of received(response)) {
    for (const frame of parser.push(chunk)) {
      some = true;
      yield frame;
    }
    if (some || parser.skippedBytes <= maxPreambleBytes) continue;
    if (parser.oversizedFrames === 0) throw notMjpeg(type);
    throw new MjpegError("not-mjpeg", `the camera's pictures are longer than ${maxFrameBytes} bytes`);
  }
  if (!some && !/^(?:multipart\/|image\/jpe?g)/iu.test(type)) throw notMjpeg(type);
}

async function* received(response: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* response;
  } catch (cause) {
    throw new MjpegError("ended", "the camera dropped the connection", { cause });
  }
}

function notMjpeg(type: string): MjpegError {
  const what = type === "" ? "something" : (type.split(";")[0] ?? "").slice(0, 100);
  return new MjpegError("not-mjpeg", `the camera's address answers with ${what}, not with MJPEG pictures: correct it`);
}
