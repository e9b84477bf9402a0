import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { outlived, type Kept } from "./retention.ts";

interface Item extends Kept {
  readonly name: string;
}

const item = (name: string, startedAtMs: number, sizeBytes: number, isWritten = false): Item => ({
  name,
  startedAtMs,
  endedAtMs: isWritten ? null : startedAtMs + 10,
  sizeBytes,
});
const namesOf = (items: readonly Item[]): string => items.map(({ name }) => name).join("");

void test("the oldest of all cameras go until the rest fits", () => {
  const items = [item("c", 300, 40), item("a", 100, 40), item("b", 200, 40)];
  const maxAgeMs = 10_000;
  assert.equal(namesOf(outlived(items, { maxAgeMs, maxBytes: 120 }, 400)), "");
  assert.equal(namesOf(outlived(items, { maxAgeMs, maxBytes: 119 }, 400)), "a");
  assert.equal(namesOf(outlived(items, { maxAgeMs, maxBytes: 0 }, 400)), "abc");
});

void test("what is too old goes, however little there is", () => {
  const items = [item("a", 100, 1), item("b", 200, 1)];
  assert.equal(namesOf(outlived(items, { maxAgeMs: 1000, maxBytes: 1e9 }, 1111)), "a");
});

void test("what is being written stays, and what is newer goes instead", () => {
  const items = [item("a", 100, 50, true), item("b", 200, 50)];
  assert.equal(namesOf(outlived(items, { maxAgeMs: 1, maxBytes: 60 }, 1e9)), "b");
});

void test("what is left fits, or is being written", () => {
  const items = fc.array(
    fc.record({
      startedAtMs: fc.nat(1000),
      endedAtMs: fc.option(fc.nat(1000)),
      sizeBytes: fc.nat(100),
    }),
  );
  fc.assert(
    fc.property(items, fc.nat(2000), (all, maxBytes) => {
      const gone = new Set(outlived(all, { maxAgeMs: 1e9, maxBytes }, 1000));
      const left = all.filter((one) => !gone.has(one));
      const bytes = left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      assert.ok(bytes <= maxBytes || left.every(({ endedAtMs }) => endedAtMs === null));
    }),
  );
});
