import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { InventoryError } from "./load.ts";
import { testFolder, type TestFolder } from "./testing.ts";

/** Anything but an inventory or an InventoryError with placed faults fails the test. */
async function isTakenOrTold(folder: TestFolder, content: string | Uint8Array): Promise<void> {
  try {
    assert.ok(Array.isArray((await folder.load(content, { env: { A: "1" } })).printers));
  } catch (error) {
    assert.ok(error instanceof InventoryError, String(error));
    assert.ok(error.problems.length > 0);
    for (const { line, column, file } of error.problems) {
      assert.equal(file, "printers.yaml");
      assert.ok(line >= 1 && column >= 1);
    }
  }
}

const bounded = { numRuns: 150, interruptAfterTimeLimit: 20_000 };

test("any bytes are taken or told", async () => {
  await using folder = await testFolder();
  const bytes = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(bytes, (content) => isTakenOrTold(folder, content)),
    bounded,
  );
});

test("any text of YAML's own signs is taken or told", async () => {
  await using folder = await testFolder();
  const words = [
    "printers",
    "connection",
    "camera",
    "url",
    "id",
    "family",
    "bambu",
    "host",
    "a",
    "1",
    "${A}",
    "${B}",
    "$",
  ];
  const signs = [
    "\n",
    " ",
    "  ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&x ",
    "*x",
    "<<",
    "? ",
    "|",
    ">",
    "'",
    '"',
    "!",
    "%",
  ];
  const more = ["#", "\t", "---\n", "...", "\\", "@", "`", "\u0000", "\u2028", "\uD800", "__proto__", "~", ".nan"];
  const text = fc.array(fc.constantFrom(...words, ...signs, ...more), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(text, (parts) => isTakenOrTold(folder, parts.join(""))),
    { ...bounded, numRuns: 400 },
  );
});

test("any values in place of the right ones are taken or told", async () => {
  await using folder = await testFolder();
  const anything = fc.jsonValue({ maxDepth: 3 });
  const entry = fc.record(
    {
      id: fc.oneof(fc.constantFrom("a", "b", "a_sub"), anything),
      name: anything,
      family: fc.oneof(fc.constantFrom("elegoo-cc1", "bambu", "prusalink", "camera"), anything),
      control: anything,
      connection: fc.oneof(
        fc.dictionary(fc.constantFrom("host", "port", "url", "api_key", "api_key_file", "access_code_file"), anything),
        anything,
      ),
      camera: fc.oneof(fc.record({ url: anything }), anything),
    },
    { requiredKeys: [] },
  );
  const file = fc.record(
    { printers: fc.oneof(fc.array(entry), anything), gateway: anything, bridge: anything, other: anything },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(file, (value) => isTakenOrTold(folder, JSON.stringify(value))),
    bounded,
  );
});

test("a secret in a file that is cut off anywhere is never told", async () => {
  await using folder = await testFolder();
  const text = `printers:
  - id: a
    family: bambu
    connection: {host: h, serial: s, access_code: "hunter2hunter2", tls: pin}
  - id: b
    family: bambu
    connection:
      host: h
      serial: s
      access_code: 'hunter2hunter2'
      tls: pi
`;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(text.length),
      fc.nat(40),
      fc.constantFrom("", "\t", "}", "'", '"', ":", "*"),
      async (at, gap, sign) => {
        const cut = text.slice(0, at) + sign + text.slice(at + gap);
        // A cut that melts the secret into a bare word before it has made it a name.
        fc.pre(!/[a-z]hunter2hunter2/u.test(cut));
        const faults = await folder.faults(cut);
        assert.doesNotMatch(faults.join("\n"), /hunter2hunter2/u);
      },
    ),
    bounded,
  );
});
