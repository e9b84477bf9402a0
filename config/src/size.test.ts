import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatSize, parseSize } from "./size.ts";

test("reads megabytes, gigabytes and terabytes", () => {
  assert.equal(parseSize("500MB"), 500_000_000);
  assert.equal(parseSize("20GB"), 20_000_000_000);
  assert.equal(parseSize("2TB"), 2_000_000_000_000);
});

test("knows no other spelling", () => {
  for (const text of [
    "",
    "20",
    "GB",
    "20 GB",
    "1.5GB",
    "-1GB",
    "20gb",
    "20GiB",
    "20G",
    "1GB1MB",
    "20GB\n",
    "9999999GB",
  ]) {
    assert.equal(parseSize(text), undefined, JSON.stringify(text));
  }
});

test("writes what it reads", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom("MB", "GB", "TB"), (count, unit) => {
      const bytes = parseSize(`${count}${unit}`) ?? 0;
      assert.equal(parseSize(formatSize(bytes)), bytes);
    }),
  );
});
