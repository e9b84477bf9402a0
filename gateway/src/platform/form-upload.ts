// A file to an HTTP server as multipart/form-data, streamed with its length known. Not
// by `fetch`: its form body has no back-pressure, and an answer that comes before the body's end
// (413) ends the process with an uncaught error (Node 24.21, undici).

import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { clientFor } from "./node-http.ts";

export interface FormUpload {
  readonly fields: Readonly<Record<string, string>>;
  /** `content` is the path of a file, or bytes. */
  readonly file: { readonly field: string; readonly name: string; readonly content: string | Uint8Array };
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Longest answer that is read, bytes. */
const maxAnswerBytes = 1024 * 1024;

/**
 * Posts the form over a connection of its own and gives the answer, also one that comes before the
 * file is through; the rest is then not sent.
 * @throws the network's or the file system's error; the signal's reason when it aborts
 */
export async function postForm(url: string, { fields, file, headers, signal }: FormUpload): Promise<Response> {
  const boundary = `gantry-${randomBytes(12).toString("hex")}`;
  const head = Buffer.from(headOf(boundary, fields, file));
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const size = typeof file.content === "string" ? (await stat(file.content)).size : file.content.length;
  signal.throwIfAborted();
  const request = clientFor(url).request(url, {
    method: "POST",
    agent: false,
    signal,
    headers: {
      ...headers,
      "Content-Type": `multipart/form-data; boundary=${boundary}`,
      "Content-Length": head.length + size + tail.length,
    },
  });
  const answered = answerOf(request);
  const sent = pipeline(Readable.from(bytesOf(head, file.content, tail)), request);
  // An answer in mid-body ends the sending with an error of its own, and the answer is what counts.
  sent.catch(() => undefined);
  try {
    const response = await Promise.race([answered, failureOf(sent)]);
    return await read(response);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    request.destroy();
    await sent.catch(() => undefined);
  }
}

async function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.on("error", reject);
  });
}

/** Rejects when the sending fails, a moment later: an answer may be on its way. */
async function failureOf(sent: Promise<void>): Promise<never> {
  try {
    await sent;
  } catch (error) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    throw error;
  }
  return new Promise<never>(() => undefined);
}

async function read(response: IncomingMessage): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error("the answer to the upload is too long");
    chunks.push(chunk);
  }
  const status = response.statusCode ?? 0;
  const body = status === 204 || status === 304 ? null : Buffer.concat(chunks);
  const type = response.headers["content-type"];
  return new Response(body, { status, headers: type === undefined ? {} : { "content-type": type } });
}

async function* bytesOf(head: Uint8Array, content: string | Uint8Array, tail: Uint8Array): AsyncGenerator<Uint8Array> {
  yield head;
  if (typeof content === "string") yield* createReadStream(content) as AsyncIterable<Uint8Array>;
  else yield content;
  yield tail;
}

function headOf(boundary: string, fields: FormUpload["fields"], file: FormUpload["file"]): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`,
  );
  const disposition = `form-data; name="${quoted(file.field)}"; filename="${quoted(file.name)}"`;
  return `${parts.join("")}--${boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: application/octet-stream\r\n\r\n`;
}

/** As browsers write names in forms (WHATWG HTML, multipart/form-data). */
function quoted(text: string): string {
  return text.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
