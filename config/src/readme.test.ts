import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { testFamilies, testFolder } from "./testing.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
const [sample, faults] = [...readme.matchAll(/^```\w*\n(.*?)^```$/gmsu)].map((match) => match[1]!);

test("the sample of the README is a whole inventory", async () => {
  await using folder = await testFolder();
  assert.equal((await folder.load(sample!)).printers.length, 1);
});

test("the faults of the README are what is said", async () => {
  await using folder = await testFolder();
  const text = `printers:
  - id: cc1
    family: elegoo-cc1
    connection:
      hots: 192.0.2.10
      port: 70000
  - id: x1
    family: elego-cc1
    connection: {host: "\${HOST}"}
`;
  const families = { "elegoo-cc1": testFamilies["elegoo-cc1"] };
  assert.deepEqual(await folder.faults(text, { families }), faults!.trim().split("\n"));
});
