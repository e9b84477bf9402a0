// What a schema found wrong with an input, as a PrinterError that names each fault by JSON pointer.

import type * as z from "zod";
import { PrinterError, type InputProblem } from "./errors.ts";

/** An `invalid_input` that carries every issue; its message tells them all in one line. */
export function invalidInput(error: z.core.$ZodError): PrinterError {
  const problems = error.issues.map((issue) => problem(issue));
  const words = problems.map(({ pointer, message }) => `${pointer === "" ? "input" : pointer}: ${message}`).join("; ");
  return new PrinterError("invalid_input", words, { problems });
}

function problem({ path, message }: z.core.$ZodIssue): InputProblem {
  const pointer = path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return { pointer, message };
}
