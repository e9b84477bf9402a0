import assert from "node:assert/strict";
import { test } from "node:test";
import { PrinterError } from "./errors.ts";

test("an errno deep in a cause chain is named unreachable", () => {
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  const error = PrinterError.from(new TypeError("fetch failed", { cause: new AggregateError([refused]) }), "cc1");
  assert.equal(error.code, "unreachable");
  assert.equal(error.printer, "cc1");
  assert.match(error.message, /is it on/u);
});

test("a cancelled request is aborted, not a fault of ours", () => {
  assert.equal(PrinterError.from(new DOMException("x", "AbortError")).code, "aborted");
});

test("an error of ours passes through and learns its printer once", () => {
  const error = new PrinterError("timeout", "late", { retryAfterMs: 5 });
  assert.equal(PrinterError.from(error), error);
  const told = PrinterError.from(error, "a");
  assert.deepEqual([told.code, told.printer, told.retryAfterMs], ["timeout", "a", 5]);
  assert.equal(PrinterError.from(told, "b").printer, "a");
});

test("anything else is internal, whatever was thrown", () => {
  assert.equal(PrinterError.from("words").message, "words");
  assert.equal(PrinterError.from(undefined).code, "internal");
});
