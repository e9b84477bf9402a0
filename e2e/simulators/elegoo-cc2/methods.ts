// The table of methods: number to what the printer does and answers. Unknown ones get error 1001.

import { controlMethods } from "./control-methods.ts";
import { errorCode } from "./errors.ts";
import { fileMethods } from "./file-methods.ts";
import { historyMethods } from "./history-methods.ts";
import type { Method } from "./method.ts";
import { printMethods } from "./print-methods.ts";
import type { Printer } from "./printer.ts";
import { attributesObject, isObject, type JsonObject, statusObject } from "./status.ts";

const methods: Readonly<Record<number, Method>> = {
  1001: attributesObject,
  1002: statusObject,
  ...printMethods,
  ...controlMethods,
  ...fileMethods,
  ...historyMethods,
  // The printer has these and nobody has published what they take.
  1024: () => errorCode.invalidParameter,
  1025: () => errorCode.invalidParameter,
  // Fetches what somebody names; here it fetches nothing.
  1057: () => errorCode.invalidParameter,
  1058: () => errorCode.nothingToCancel,
  2003: () => errorCode.invalidParameter,
};

/** @returns the whole `result`. Never settles when the machine dies on the way. */
export async function answerMethod(
  printer: Printer,
  { method, params }: { readonly method: number; readonly params: unknown },
): Promise<JsonObject> {
  const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (known === undefined) return { error_code: errorCode.unknownMethod };
  if (!isObject(params)) return { error_code: errorCode.invalidParameter };
  const outcome = await known(printer, params);
  return typeof outcome === "number" ? { error_code: outcome } : { error_code: errorCode.ok, ...outcome };
}
