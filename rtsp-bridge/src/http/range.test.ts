import assert from "node:assert/strict";
import { test } from "node:test";
import { rangeOf } from "./range.ts";

void test("a part of a file, from either end", () => {
  assert.deepEqual(rangeOf("bytes=0-9", 100), { start: 0, end: 9 });
  assert.deepEqual(rangeOf("bytes=90-", 100), { start: 90, end: 99 });
  assert.deepEqual(rangeOf("bytes=90-1000", 100), { start: 90, end: 99 });
  assert.deepEqual(rangeOf("bytes=-10", 100), { start: 90, end: 99 });
  assert.deepEqual(rangeOf("bytes=-1000", 100), { start: 0, end: 99 });
});

void test("what lies behind the end is not there", () => {
  assert.equal(rangeOf("bytes=100-", 100), "none");
  assert.equal(rangeOf("bytes=-0", 100), "none");
  assert.equal(rangeOf("bytes=0-", 0), "none");
});

void test("whatever else is asked for is the whole", () => {
  for (const header of [undefined, "", "bytes=", "bytes=-", "bytes=9-1", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b"]) {
    assert.equal(rangeOf(header, 100), undefined, header);
  }
});
