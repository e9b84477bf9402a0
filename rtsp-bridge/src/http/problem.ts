// Errors over HTTP: application/problem+json (RFC 9457), with the fields that the gateway's have.

import type { ServerResponse } from "node:http";

const problems = {
  invalid_input: { status: 400, title: "Invalid input" },
  control_disabled: { status: 403, title: "Control is off" },
  forbidden: { status: 403, title: "Forbidden" },
  wrong_phase: { status: 409, title: "Not now" },
  invalid_range: { status: 416, title: "No such part" },
  rate_limited: { status: 429, title: "Too many tries" },
  not_found: { status: 404, title: "Not found" },
  unauthorized: { status: 401, title: "No valid credential" },
  unreachable: { status: 503, title: "Not reachable" },
  internal: { status: 500, title: "Fault in the bridge" },
} as const;

type ProblemCode = keyof typeof problems;

/** Ends the response. `printer` is the stream's id where there is one. */
export function sendProblem(response: ServerResponse, code: ProblemCode, detail: string, printer?: string): void {
  const { status, title } = problems[code];
  const type = `urn:gantry:problem:${code.replaceAll("_", "-")}`;
  const body = {
    type,
    title,
    status,
    detail,
    code,
    retryable: code === "unreachable" || code === "wrong_phase" || code === "rate_limited",
    ...(printer === undefined ? {} : { printer }),
  };
  response.writeHead(status, { "Content-Type": "application/problem+json; charset=utf-8" }).end(JSON.stringify(body));
}
