// A fault of an input that only the machine's own data could show, as the schema's faults are told.

import { PrinterError } from "../../model/errors.ts";

/** `invalid_input` with one problem at the JSON pointer. */
export function invalid(pointer: string, message: string): PrinterError {
  return new PrinterError("invalid_input", message, { problems: [{ pointer, message }] });
}
