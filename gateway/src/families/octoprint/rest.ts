// HTTP to one OctoPrint: its key, its deadlines, and its refusals in the product's codes. The only
// file that calls fetch. No message meaning, no retries.

import type { Clock } from "@gantry/platform/clock";
import { postForm, type FormUpload } from "@gantry/platform/form-upload";
import { PrinterError, type ErrorCode } from "../../model/errors.ts";
import { parseObject, text, type Fields } from "./codec.ts";
import type { Connection } from "./connection.ts";

const answerMs = 10_000;
/** Lists of thousands of files stay below this. */
const maxAnswerBytes = 64 * 1024 * 1024;
const wordsLength = 300;

interface RequestOptions {
  readonly signal: AbortSignal;
  /** The longest wait for the whole answer, ms; 10 s by default. */
  readonly deadlineMs?: number;
}

interface Init {
  readonly body?: string | FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Statuses with a meaning of their own; other 4xx are refusals, 5xx mean that nobody is behind the proxy. */
const codes: Readonly<Record<number, ErrorCode>> = {
  // A wrong key makes an anonymous guest of the caller: 403. 401 comes from a proxy in front.
  401: "printer_auth",
  403: "printer_auth",
  409: "wrong_phase",
  413: "file_too_large",
  415: "file_type",
  429: "rate_limited",
  500: "printer_refused",
  507: "storage_full",
};

export class Rest {
  readonly #base: string;
  readonly #apiKey: string;
  readonly #clock: Clock;

  constructor({ url, api_key }: Connection, clock: Clock) {
    this.#base = baseOf(url);
    this.#apiKey = api_key;
    this.#clock = clock;
  }

  /** A JSON document. @throws PrinterError as `send` does, `protocol` when it is none */
  async get(path: string, options: RequestOptions): Promise<Fields> {
    return this.#document("GET", path, undefined, options);
  }

  /** Posts JSON; the answer is an empty object where there is none. @throws PrinterError as `send` does */
  async post(path: string, body: Fields, options: RequestOptions): Promise<Fields> {
    const json = { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return this.#document("POST", path, json, options);
  }

  async delete(path: string, options: RequestOptions): Promise<void> {
    await this.#document("DELETE", path, undefined, options);
  }

  /** Posts a file; its length is known beforehand, as OctoPrint takes no chunks. Bounded by the signal alone. */
  async upload(path: string, form: Omit<FormUpload, "headers">): Promise<Fields> {
    const headers = { accept: "application/json", "x-api-key": this.#apiKey };
    const response = await checked(postForm(`${this.#base}${path}`, { ...form, headers }), form.signal);
    return parseObject(await readText(response));
  }

  /** The answer as it comes. The deadline is for its beginning; the signal ends it at any time. */
  async open(path: string, { signal, deadlineMs = answerMs }: RequestOptions): Promise<Response> {
    using limit = new Deadline(this.#clock, deadlineMs);
    return await this.#send("GET", path, {}, AbortSignal.any([signal, limit.signal]));
  }

  async #document(
    method: string,
    path: string,
    init: Init | undefined,
    { signal, deadlineMs = answerMs }: RequestOptions,
  ): Promise<Fields> {
    using limit = new Deadline(this.#clock, deadlineMs);
    const response = await this.#send(method, path, init ?? {}, AbortSignal.any([signal, limit.signal]));
    const body = await readText(response);
    return body === "" ? {} : parseObject(body);
  }

  async #send(method: string, path: string, init: Init, signal: AbortSignal): Promise<Response> {
    signal.throwIfAborted();
    const headers = { accept: "application/json", ...init.headers, "x-api-key": this.#apiKey };
    // Redirects are not followed: the key is for this host alone.
    return checked(fetch(`${this.#base}${path}`, { ...init, method, headers, signal, redirect: "manual" }), signal);
  }
}

async function checked(sent: Promise<Response>, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await sent;
  } catch (error) {
    signal.throwIfAborted();
    throw PrinterError.from(error);
  }
  if (response.ok) return response;
  throw refusal(response, await readText(response).catch(() => ""));
}

/** The address without query and without the slash at its end. */
export function baseOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/u, "")}`;
}

class Deadline implements Disposable {
  readonly #over = new AbortController();
  readonly #late = new AbortController();

  constructor(clock: Clock, ms: number) {
    const late = new PrinterError("timeout", `OctoPrint did not answer within ${ms / 1000} s`);
    clock.wait(ms, this.#over.signal).then(
      () => this.#late.abort(late),
      () => undefined, // it answered in time
    );
  }

  get signal(): AbortSignal {
    return this.#late.signal;
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let body = "";
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > maxAnswerBytes) throw new PrinterError("protocol", "the answer is too long for OctoPrint's");
      body += decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    throw PrinterError.from(error);
  }
  return body + decoder.decode();
}

function refusal({ status, headers }: Response, body: string): PrinterError {
  if (status >= 300 && status < 400) {
    const target = headers.get("location") ?? "another address";
    return new PrinterError("printer_refused", `OctoPrint's address redirects to ${target}: write that as \`url\``);
  }
  if (status === 404) return new PrinterError("not_found", "OctoPrint has no such file or address");
  const code = codes[status] ?? (status > 500 ? "unreachable" : "printer_refused");
  const retryAfterMs = status === 429 ? { retryAfterMs: 60_000 } : {};
  if (code === "printer_auth") return new PrinterError(code, authWords(status));
  if (code === "unreachable") return new PrinterError(code, `a proxy answers HTTP ${status} in place of OctoPrint`);
  return new PrinterError(code, `OctoPrint refuses: ${wordsOf(body) ?? `HTTP ${status}`}`, retryAfterMs);
}

function authWords(status: number): string {
  return status === 401
    ? "a proxy in front of OctoPrint asks for a password"
    : "OctoPrint rejects the API key, or its user lacks the right for this";
}

/** `{"error"}`, or the plain or HTML text that some refusals carry. */
function wordsOf(body: string): string | null {
  try {
    return text(parseObject(body)["error"]);
  } catch {
    const plain = body
      .replaceAll(/<[^>]*>/gu, " ")
      .replaceAll(/\s+/gu, " ")
      .trim();
    return plain === "" ? null : plain.slice(0, wordsLength);
  }
}
