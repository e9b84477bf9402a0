// Downloading a rendered time-lapse. The server has manners of its own (seen on 02.01.00.00): it
// answers a wrong code or name with silence, frames the body twice (Content-Length and chunked),
// and keeps the connection open after the last chunk.

import { request, type IncomingMessage } from "node:http";
import { PrinterError } from "../../model/errors.ts";
import type { Media } from "../../model/commands.ts";
import { abortable } from "./request-queue.ts";

const silenceMs = 15_000;

export interface VideoOptions {
  readonly host: string;
  readonly port: number;
  readonly code: string;
  /** `video/<name>.mp4` */
  readonly video: string;
  readonly signal: AbortSignal;
}

/**
 * Opens the video.
 * @throws PrinterError `not_found`, `printer_auth`, `printer_refused`; `timeout` when the printer
 *   stays silent, which is also its way to say that code or name is wrong; the signal's reason
 */
export async function downloadVideo({ host, port, code, video, signal }: VideoOptions): Promise<Media> {
  signal.throwIfAborted();
  const path = `/download?X-Token=${encodeURIComponent(code)}&file_name=${encodeURIComponent(video)}`;
  const answer = Promise.withResolvers<IncomingMessage>();
  const get = request({
    host,
    port,
    path,
    headers: { "X-Token": code, Connection: "close" },
    agent: false,
    timeout: silenceMs,
    signal,
    // The strict parser refuses a body that is framed twice.
    insecureHTTPParser: true,
  });
  get.on("response", answer.resolve);
  get.on("timeout", () => get.destroy(silence()));
  get.on("error", answer.reject);
  get.end();
  const response = await abortable(answer.promise, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw PrinterError.from(error);
  });
  const { statusCode = 0 } = response;
  if (statusCode === 200) return { mediaType: "video/mp4", sizeBytes: null, content: body(response) };
  get.destroy();
  throw refusedDownload(statusCode);
}

function silence(): PrinterError {
  return new PrinterError(
    "timeout",
    "the printer does not answer; it does so for an unknown video or a wrong access code",
  );
}

function refusedDownload(status: number): PrinterError {
  if (status === 404)
    return new PrinterError("not_found", "the printer has no such video, or its firmware gives none out");
  if (status === 401) return new PrinterError("printer_auth", "the printer refuses its access code for downloads");
  return new PrinterError("printer_refused", `the printer answers the download with HTTP ${status}`);
}

/** The bytes to the last chunk; the connection is closed then, as the printer does not do it. */
async function* body(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array;
  } catch (error) {
    throw PrinterError.from(error);
  } finally {
    response.destroy();
  }
}
