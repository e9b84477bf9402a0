// Errors as application/problem+json (RFC 9457): THE table of HTTP statuses, and the one place
// that writes such an answer. Codes come from model/errors.ts; no stack or cause ever leaves.

import type { Response } from "express";
import { PrinterError, type ErrorCode, type InputProblem } from "../model/errors.ts";
import { sendText } from "./unread-body.ts";

export interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

export const problemKinds: Readonly<Record<ErrorCode, ProblemKind>> = {
  invalid_input: { status: 400, title: "Invalid input" },
  unauthorized: { status: 401, title: "No valid credential" },
  forbidden: { status: 403, title: "Forbidden" },
  control_disabled: { status: 403, title: "Control is off" },
  not_found: { status: 404, title: "Not found" },
  wrong_phase: { status: 409, title: "Not possible now" },
  unsupported: { status: 501, title: "Not supported by this printer" },
  printer_auth: { status: 502, title: "The printer rejected its credential" },
  printer_refused: { status: 502, title: "The printer refused" },
  protocol: { status: 502, title: "The printer sent something unreadable" },
  unreachable: { status: 503, title: "Not reachable" },
  timeout: { status: 504, title: "No answer in time" },
  aborted: { status: 499, title: "The request was cancelled" },
  rate_limited: { status: 429, title: "Too many requests" },
  file_too_large: { status: 413, title: "Too large" },
  file_type: { status: 415, title: "Wrong kind of content" },
  storage_full: { status: 507, title: "Storage is full" },
  internal: { status: 500, title: "Fault in the gateway" },
};

/** A fault of HTTP alone that needs no code of its own. */
export const methodNotAllowed: ProblemKind = { status: 405, title: "Method not allowed" };

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly printer?: string;
  readonly errors?: readonly InputProblem[];
}

/** What is told of an error outside: the message, but never that of a fault of ours. */
export function publicMessage(error: PrinterError): string {
  return error.code === "internal" ? "something went wrong inside the gateway; its log says what" : error.message;
}

/** The document of an error. */
function problemOf(error: PrinterError, kind: ProblemKind = problemKinds[error.code]): Problem {
  const name = kind === problemKinds[error.code] ? error.code : kind.title;
  return {
    type: `urn:gantry:problem:${name.toLowerCase().replaceAll(/[^a-z]+/gu, "-")}`,
    title: kind.title,
    status: kind.status,
    detail: publicMessage(error),
    code: error.code,
    retryable: error.retry !== "never",
    ...(error.printer === undefined ? {} : { printer: error.printer }),
    ...(error.problems.length === 0 ? {} : { errors: error.problems }),
  };
}

/** Retry-After of an error that names no time of its own, ms. */
const retryAfterMs = 5000;

/** Answers with a problem; a response that has already begun is cut off instead. */
export function sendProblem(response: Response, error: PrinterError, kind?: ProblemKind): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const problem = problemOf(error, kind);
  if (problem.status === 503 || problem.status === 429) {
    response.set("Retry-After", String(Math.ceil((error.retryAfterMs ?? retryAfterMs) / 1000)));
  }
  response.removeHeader("Content-Disposition");
  response.status(problem.status).set("Cache-Control", "no-store").type("application/problem+json");
  sendText(response, JSON.stringify(problem));
}

/** Errors of express and its body reader carry an HTTP status of their own. */
const codeOfStatus: Readonly<Record<number, ErrorCode>> = { 413: "file_too_large", 415: "file_type" };

/** Names any error that came out of a request handler. */
export function requestError(thrown: unknown): PrinterError {
  const status = thrown instanceof Error && "status" in thrown ? thrown.status : undefined;
  if (thrown instanceof PrinterError || typeof status !== "number" || status < 400 || status >= 500) {
    return PrinterError.from(thrown);
  }
  const { message } = thrown as Error;
  return new PrinterError(codeOfStatus[status] ?? "invalid_input", message, { cause: thrown });
}
