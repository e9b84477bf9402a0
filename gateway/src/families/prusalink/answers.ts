// PrusaLink's answers: bodies within bounds, JSON, and what a refusal means in the product's codes.
// Facts: Prusa-Link-Web spec/openapi.yaml, Prusa-Link prusa/link/conditions.py, and 0.8.1 itself.

import type { IncomingMessage } from "node:http";
import { PrinterError, type ErrorCode } from "../../model/errors.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** A folder of a few thousand files is about 1 MiB. */
const maxBodyBytes = 16 * 1024 * 1024;
/** A wrong password does not get right by itself. */
const authRetryMs = 60_000;

/** The whole body. @throws PrinterError `protocol` for one that is too long, `unreachable` */
export async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBodyBytes)
        throw new PrinterError("protocol", `PrusaLink's answer is longer than ${maxBodyBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw PrinterError.from(error);
  }
  return Buffer.concat(chunks);
}

/** @throws PrinterError `protocol` */
export function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new PrinterError("protocol", "the address answers with something else than JSON: is this PrusaLink?", {
      cause,
    });
  }
}

export function refusedCredential(): PrinterError {
  return new PrinterError(
    "printer_auth",
    "PrusaLink refuses the credential: set `connection.api_key`, or `username` and `password`, to what the printer's network menu or PrusaLink's settings show",
    { retryAfterMs: authRetryMs },
  );
}

const codes: Readonly<Record<number, ErrorCode>> = {
  404: "not_found",
  409: "wrong_phase",
  413: "file_too_large",
  415: "file_type",
  503: "unreachable",
  507: "storage_full",
};

/** An answer that is none of those wanted. Bodies are JSON, plain text or a page. */
export function refusal(status: number, body: string): PrinterError {
  if (status === 401 || (status === 403 && /api-key/iu.test(body))) return refusedCredential();
  const said = words(body);
  if (status === 503) {
    return new PrinterError("unreachable", `PrusaLink is not ready yet${said === "" ? "" : `: ${said}`} (HTTP 503)`);
  }
  const text = said === "" ? "no reason was given" : said;
  return new PrinterError(codes[status] ?? "printer_refused", `PrusaLink refuses: ${text} (HTTP ${status})`);
}

function words(body: string): string {
  const json = parsed(body);
  if (json === undefined) return /^\s*</u.test(body) ? "" : body.replaceAll(/\s+/gu, " ").trim().slice(0, 200);
  const { title, message, text: said } = json;
  return [title, message ?? said]
    .filter((part) => typeof part === "string" && part !== "")
    .join(": ")
    .slice(0, 300);
}

function parsed(body: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined; // a plain text or a page
  }
}

/** The value as an object; an empty one when it is none. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The objects of a list, or the one object that stands in its place. */
export function list(value: unknown): readonly Fields[] {
  if (Array.isArray(value)) return value.map((element) => fields(element));
  return typeof value === "object" && value !== null ? [fields(value)] : [];
}

export function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A text that says something; null for anything else. */
export function text(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}
