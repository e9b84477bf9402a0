import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chooseInventory } from "./choose.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "choose-"));
  await writeFile(join(folder, "printers.yaml"), "printers: []\n");
  await writeFile(join(folder, "demo.yaml"), "printers: []\n");
});
after(async () => rm(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

void test("the user's own file wins over the demo's", () => {
  assert.equal(chooseInventory(at("printers.yaml"), at("demo.yaml")), at("printers.yaml"));
});

void test("the demo's file stands in for one that is not there", () => {
  assert.equal(chooseInventory(at("none.yaml"), at("demo.yaml")), at("demo.yaml"));
});

void test("without a demo a missing file is still the user's, so that it is taken when it appears", () => {
  assert.equal(chooseInventory(at("none.yaml"), at("no-demo.yaml")), at("none.yaml"));
  assert.equal(chooseInventory(at("none.yaml"), undefined), at("none.yaml"));
});
