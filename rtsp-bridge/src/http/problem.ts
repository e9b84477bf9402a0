// Errors over HTTP: application/problem+json (RFC 9457), with the fields that the gateway's have.

import type { Response } from "express";

const problems = {
  invalid_input: { status: 400, title: "Invalid input" },
  not_found: { status: 404, title: "Not found" },
  internal: { status: 500, title: "Fault in the bridge" },
} as const;

type ProblemCode = keyof typeof problems;

/** Ends the response. `printer` is the stream's id where there is one. */
export function sendProblem(response: Response, code: ProblemCode, detail: string, printer?: string): void {
  const { status, title } = problems[code];
  response
    .status(status)
    .type("application/problem+json")
    .send(
      JSON.stringify({
        type: `urn:gantry:problem:${code.replaceAll("_", "-")}`,
        title,
        status,
        detail,
        code,
        retryable: false,
        ...(printer === undefined ? {} : { printer }),
      }),
    );
}
