// What one method of the printer is, for the files that have some. The table of all is methods.ts.

import type { Printer } from "./printer.ts";
import type { JsonObject } from "./status.ts";

/** Gives what stands in `result` beside `error_code`, or the code of a refusal. */
export type Method = (printer: Printer, params: JsonObject) => JsonObject | number | Promise<JsonObject | number>;
