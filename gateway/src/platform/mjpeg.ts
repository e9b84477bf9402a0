// MJPEG over HTTP: one connection in, whole pictures out. It never reconnects; the bytes are cut
// by ./mjpeg-parser.ts. It lives here, not in the gateway's camera room, because the printer
// families, the camera room and the RTSP bridge all read multipart streams of JPEG pictures.

import { MjpegParser } from "./mjpeg-parser.ts";

/** Longest JPEG that is taken, bytes. A longer one is skipped. */
export const maxFrameBytes = 16 * 1024 * 1024;

/** So much without a first picture, and it is no camera that answers, bytes. */
const maxPreambleBytes = 1024 * 1024;

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

  constructor(reason: MjpegError["reason"], message: string, details: { cause?: unknown; status?: number } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = reason;
    this.status = details.status;
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
    const response = await request(url, connection.signal, options.headers);
    for await (const frame of pictures(response)) {
      silence.end();
      yield frame;
      silence.begin(options.stallMs);
    }
    throw new MjpegError("ended", "the camera ended its stream");
  } catch (error) {
    throw ending(error, connection.signal);
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

async function request(address: string, signal: AbortSignal, extra: MjpegOptions["headers"]): Promise<Response> {
  const url = new URL(address);
  // A connection kept for reuse would hold the only slot of a camera that serves one viewer.
  const headers = new Headers({ connection: "close", "accept-encoding": "identity", ...authorization(url), ...extra });
  url.username = "";
  url.password = "";
  const response = await fetch(url, { signal, headers, redirect: "follow" });
  if (response.ok && response.body !== null) return response;
  const { status } = response;
  throw new MjpegError("refused", `the camera answered HTTP ${status}`, { status });
}

/** fetch takes no credentials in a URL, though people write cameras down that way. */
function authorization({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(plain).toString("base64")}` };
}

async function* pictures({ body, headers }: Response): AsyncGenerator<Uint8Array, void> {
  const type = headers.get("content-type") ?? "";
  if (body === null || /^(?:text\/html|application\/(?:json|xhtml\+xml))/iu.test(type)) throw notMjpeg(type);
  const parser = new MjpegParser({ maxFrameBytes });
  let some = false;
  for await (const chunk of body) {
    for (const frame of parser.push(chunk)) {
      some = true;
      yield frame;
    }
    if (some || parser.skippedBytes <= maxPreambleBytes) continue;
    throw parser.oversizedFrames === 0
      ? notMjpeg(type)
      : new MjpegError("not-mjpeg", `the camera's pictures are longer than ${maxFrameBytes} bytes`);
  }
  if (!some && !/^(?:multipart\/|image\/jpe?g)/iu.test(type)) throw notMjpeg(type);
}

function notMjpeg(type: string): MjpegError {
  const what = type === "" ? "something" : type.slice(0, 100);
  return new MjpegError("not-mjpeg", `the address answers with ${what}, not with MJPEG pictures`);
}

/** What to throw: the reason of an abort or a stall comes before the network error that it caused. */
function ending(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof MjpegError) return error;
  if (error instanceof TypeError && error.cause === undefined) {
    return new MjpegError("unreachable", "the camera's address is no http address", { cause: error });
  }
  return new MjpegError("unreachable", "the camera cannot be reached", { cause: error });
}
