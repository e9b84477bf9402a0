// One HTTP request to the printer's web server, on a connection of its own, as the vendor's SDK does
// it. No meaning of any answer. Not `fetch`: an answer that comes before the body's end would end the
// process (Node 24.21), and it refuses some ports.

import { request, type IncomingMessage } from "node:http";
import { PrinterError } from "../../model/errors.ts";

/** An answer of the printer's web server is some hundred bytes. */
const maxBodyBytes = 64 * 1024;

export interface HttpRequest {
  readonly host: string;
  readonly port: number;
  readonly method: "GET" | "PUT";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Cut off at 64 KiB. */
  readonly body: string;
}

/** `http://host:port` and the path; an IPv6 address gets its brackets. */
export function httpUrl(host: string, port: number, path: string): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

/**
 * Sends the request and gives the answer, whatever its status; a redirection is not followed.
 * @throws PrinterError `timeout` after `deadlineMs`, `unreachable`; the signal's reason when it aborts
 */
export async function exchange({ signal, deadlineMs, ...about }: HttpRequest): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(deadlineMs);
  try {
    return await send(about, AbortSignal.any([signal, deadline]));
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw PrinterError.from(error);
    throw new PrinterError("timeout", `the printer's web server did not answer within ${deadlineMs / 1000} s`);
  }
}

async function send(
  { host, port, method, path, headers, body }: Omit<HttpRequest, "signal" | "deadlineMs">,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const length = body === undefined ? {} : { "Content-Length": body.length };
  const call = request({ host, port, method, path, headers: { ...headers, ...length }, agent: false, signal });
  const answer = new Promise<HttpAnswer>((resolve, reject) => {
    call.on("error", reject); // once there is an answer, the rest of the body does not matter
    call.on("response", (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, body: text }), reject);
    });
  });
  try {
    call.end(body);
    return await answer;
  } finally {
    call.destroy();
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > maxBodyBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBodyBytes).toString("utf8");
}
