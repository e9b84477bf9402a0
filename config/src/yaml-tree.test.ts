import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem } from "./problems.ts";
import { readYaml } from "./yaml-tree.ts";

function faultsOf(text: string): string[] {
  return readYaml(text, "f.yaml")
    .faults.list((message) => message)
    .map((problem) => formatProblem(problem));
}

function levels(pair: (i: number) => string): string {
  return Array.from({ length: 9 }, (_, i) => pair(i)).join("\n");
}

function ten(i: number): string {
  return Array.from({ length: 10 }, () => (i === 0 ? "1" : `*a${i - 1}`)).join(",");
}

test("gives plain values", () => {
  const { value, faults } = readYaml("a: [1, two, true, null, 1.5]\nb: {c: 'd'}\n", "f.yaml");
  assert.deepEqual(value, { a: [1, "two", true, null, 1.5], b: { c: "d" } });
  assert.equal(faults.any, false);
});

test("a file of nothing, of comments or of a byte order mark is an empty mapping", () => {
  for (const text of ["", "\n", "# only words\n", "---\n", "null"]) assert.deepEqual(readYaml(text, "f").value, {});
});

test("knows where values, keys and missing things stand", () => {
  const { faults } = readYaml("top:\n  - id: a\n    inner: {x: 1}\n", "f.yaml");
  faults.atValue(["top", 0, "inner", "x"], "value");
  faults.atKey(["top", 0, "inner", "x"], "key");
  faults.atValue(["top", 0, "inner", "missing"], "of its parent");
  faults.atValue(["top", 0, "missing"], "of its item");
  faults.atValue(["missing"], "of the file");
  assert.deepEqual(
    faults.list((message) => message).map((problem) => formatProblem(problem)),
    [
      "f.yaml:1:1 missing: of the file",
      "f.yaml:2:5 top[0].missing: of its item",
      "f.yaml:3:5 top[0].inner.missing: of its parent",
      "f.yaml:3:13 top[0].inner.x: key",
      "f.yaml:3:16 top[0].inner.x: value",
    ],
  );
});

test("follows anchors, aliases and merge keys; own keys win, then the first source", () => {
  const text = [
    "a: &a {x: 1, y: 1}",
    "b: &b {y: 2, z: 2}",
    "c: {<<: *a, x: 3}",
    "d: {x: 4, <<: [*a, *b]}",
    "e: *a",
    "f: &s word",
    "g: *s",
    'h: {"<<": 1}',
  ].join("\n");
  const { value, faults } = readYaml(text, "f.yaml");
  assert.equal(faults.any, false);
  assert.deepEqual(value, {
    a: { x: 1, y: 1 },
    b: { y: 2, z: 2 },
    c: { x: 3, y: 1 },
    d: { x: 4, y: 1, z: 2 },
    e: { x: 1, y: 1 },
    f: "word",
    g: "word",
    h: { "<<": 1 },
  });
});

test("an anchor that is set again means the newer value from there on", () => {
  assert.deepEqual(readYaml("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "f").value, { a: 1, b: 1, c: 2, d: 2 });
  assert.deepEqual(readYaml("a: &o [&i 1]\nb: &i 2\nc: *o\nd: *i\n", "f").value, { a: [1], b: 2, c: [1], d: 2 });
});

test("tells duplicate keys with the place of the first", () => {
  assert.deepEqual(faultsOf("a:\n  b: 1\n  b: 2\n"), ["f.yaml:3:3 a.b: duplicate key; f.yaml:2:3 has it too"]);
});

test("tells aliases of nothing and of themselves", () => {
  assert.deepEqual(faultsOf("a: *nowhere"), [
    "f.yaml:1:4 a: no anchor (&…) of this name stands before this alias (*…)",
  ]);
  const within = "an alias must not stand inside what it names";
  assert.deepEqual(faultsOf("a: &a [*a]"), [`f.yaml:1:8 a[0]: ${within}`]);
  assert.deepEqual(faultsOf("a: &a {<<: *a}"), [`f.yaml:1:12 a: ${within}`]);
  assert.deepEqual(faultsOf("a: {<<: 5}"), ["f.yaml:1:9 a: << takes mappings only"]);
});

test("refuses aliases that multiply, deep nesting and long lists", () => {
  const tooMany = ["f.yaml:1:1 holds more than 20000 values once its aliases are followed"];
  assert.deepEqual(faultsOf(levels((i) => `a${i}: &a${i} [${ten(i)}]`)), tooMany);
  assert.deepEqual(faultsOf(levels((i) => `a${i}: &a${i} {${i === 0 ? "x: 1" : `<<: [${ten(i)}]`}}`)), tooMany);
  assert.deepEqual(faultsOf(`[${"1,".repeat(20_001)}]`), tooMany);
  assert.deepEqual(faultsOf(`${"[".repeat(40)}${"]".repeat(40)}`), ["f.yaml:1:1 is nested more than 32 levels deep"]);
  assert.match(faultsOf("[".repeat(20_000)).join("\n"), /^f\.yaml:1:\d+ not YAML: nested too deep$/u);
});

test("tells keys that are no words", () => {
  assert.deepEqual(faultsOf("a: {b: 1, word}"), ["f.yaml:1:11 a: a key is followed by a colon and its value"]);
  assert.deepEqual(faultsOf("? [a]\n: 1"), ["f.yaml:1:3 a key must be a plain word"]);
  assert.deepEqual(faultsOf("__proto__: {x: 1}"), ["f.yaml:1:1 __proto__: unknown key"]);
  assert.deepEqual(readYaml("1: a\ntrue: b\n", "f").value, { 1: "a", true: "b" });
});

test("tells broken text once per line and quotes nothing from it", () => {
  for (const text of [
    "a: |hunter2\n",
    "a: @hunter2",
    "a: *hunter2",
    "a: !hunter2 x",
    'a: "\\hunter2"',
    "a: b: hunter2",
    "a: [hunter2}",
    "%hunter2\n---\na: 1",
    'a: "x" hunter2',
    "a: !!int hunter2",
    "a: 'it's hunter2'",
    "a: 1\n\t- hunter2",
    "a: `hunter2`",
  ]) {
    const faults = faultsOf(text);
    assert.ok(faults.length > 0, text);
    for (const fault of faults) assert.doesNotMatch(fault, /hunter2/u);
  }
  assert.deepEqual(faultsOf("a:\n\t- x: 1\n"), ["f.yaml:2:1 not YAML: Tabs are not allowed as indentation"]);
  assert.deepEqual(faultsOf("a: 1\n---\na: 2\n"), ["f.yaml:2:1 not YAML: more than one document (---) in the file"]);
});
