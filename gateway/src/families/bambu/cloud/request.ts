// One GET to the vendor's cloud: what came of it, sorted by what has to be done about it. It neither
// caches nor repeats, and never sends anything but a GET. Facts: the family's README.

import type { Clock } from "@gantry/platform/clock";
import { PrinterError } from "../../../model/errors.ts";
import { words } from "./answers.ts";

/** What an answer says of token and endpoint. */
export type CloudFailure = "expired" | "blocked" | "unavailable" | "error";

export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly failure: CloudFailure;
  /** The least time before the next request, ms, where the cloud names one. */
  readonly retryAfterMs: number;

  constructor(failure: CloudFailure, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options);
    this.failure = failure;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

export interface CloudRequest {
  readonly url: string;
  readonly token: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export const userAgent = "Gantry/0.1 (3D printer gateway)";
const limitMs = 10_000;
/** Lists of tasks are the longest, with some kB each. */
const maxBytes = 2 * 1024 * 1024;

/**
 * The JSON object of the answer.
 * @throws CloudError; the signal's reason
 */
export async function getJson({ url, token, signal, clock }: CloudRequest): Promise<unknown> {
  const over = new AbortController();
  const limited = AbortSignal.any([signal, over.signal]);
  const late = clock.wait(limitMs, limited).then(
    () => over.abort(new CloudError("error", "the cloud does not answer within 10 s")),
    () => undefined, // it was in time
  );
  try {
    const headers = { authorization: `Bearer ${token}`, accept: "application/json", "user-agent": userAgent };
    // A redirection would carry the token elsewhere.
    const response = await fetch(url, { headers, redirect: "manual", signal: limited });
    return judged(response, await textOf(response), token);
  } catch (error) {
    signal.throwIfAborted();
    if (over.signal.reason instanceof CloudError) throw over.signal.reason;
    if (error instanceof CloudError) throw error;
    throw new CloudError("error", unreachableWords(error), { cause: error });
  } finally {
    over.abort();
    await late;
  }
}

function unreachableWords(error: unknown): string {
  const { code } = PrinterError.from(error);
  return code === "unreachable" ? "the cloud cannot be reached from here" : "the connection to the cloud failed";
}

/** The whole body. @throws CloudError for one that is too long */
export async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maxBytes) throw new CloudError("error", "the cloud's answer is too long");
  }
  return text + decoder.decode();
}

function judged({ status, headers, ok }: Response, text: string, token: string): unknown {
  const json = jsonObject(text);
  if (isBlock(status, headers, text, json !== undefined)) throw blocked(headers);
  const { code } = (json ?? {}) as { code?: unknown };
  const said = saidBy(json, token);
  if (status === 401) throw refusedToken(code, said);
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) {
    throw new CloudError("unavailable", "the cloud API changed: it has no such address any more");
  }
  if (!ok) throw new CloudError("error", `the cloud answers ${status}${said === null ? "" : `: ${said}`}`);
  if (json === undefined) throw new CloudError("error", "the cloud's answer is broken off or no JSON");
  return json;
}

/** The real end of a token has code 4; other 401 come from one endpoint, or on the way. */
function refusedToken(code: unknown, said: string | null): CloudError {
  if (code === 4 || (said !== null && /please login/iu.test(said))) {
    return new CloudError("expired", "the cloud no longer takes the token");
  }
  return new CloudError("error", "the cloud answers 401 without saying that the token has ended");
}

const blockStatuses: ReadonlySet<number> = new Set([418, 429]);

/** An answer of the guard in front of the cloud, which says nothing of the token. */
export function isBlock(status: number, headers: Headers, text: string, isJson: boolean): boolean {
  if (blockStatuses.has(status)) return true;
  if (status !== 403 && status !== 503) return false;
  if (headers.has("cf-mitigated")) return true;
  if (isJson) return false;
  return status === 403 || headers.has("cf-ray") || /cloudflare|just a moment/iu.test(text);
}

export function blocked(headers: Headers): CloudError {
  const seconds = Number(headers.get("retry-after") ?? 0);
  const message =
    "the guard in front of the cloud turns Gantry away; signing in once with a browser on this network often helps";
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
  return new CloudError("blocked", message, { retryAfterMs });
}

function saidBy(json: unknown, token: string): string | null {
  const { error, message } = (json ?? {}) as { error?: unknown; message?: unknown };
  const said = words(error) ?? words(message);
  return said === null ? null : said.replaceAll(token, "***").slice(0, 200);
}

/** Undefined for what is no JSON object. */
export function jsonObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // an HTML page, or half an answer
  }
}
