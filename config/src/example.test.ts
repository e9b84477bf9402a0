import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { inventorySchema } from "./inventory.ts";
import { jsonSchemaOf, keysAt } from "./schema-keys.ts";
import { testFolder } from "./testing.ts";

const lines = (await readFile(new URL("../printers.example.yaml", import.meta.url), "utf8")).split("\n");

/** A commented key: no space after the sign. */
const commented = /^(?<indent> *)#(?<rest>[a-z].*)$/u;

/** The file with the commented key of one line in use. */
function withKeyAt(index: number): string {
  return lines.with(index, lines[index]!.replace(commented, "$1$2")).join("\n");
}

const keys = lines.flatMap((line, index) => (commented.test(line) ? [index] : []));

test("the example is a whole inventory", async () => {
  await using folder = await testFolder();
  const { printers } = await folder.load(lines.join("\n"));
  assert.deepEqual(
    printers.map(({ id, family }) => [id, family]),
    [["cc1", "elegoo-cc1"]],
  );
  assert.equal(lines[0], "# yaml-language-server: $schema=./printers.schema.json");
});

test("each commented key of the example can be used as it stands", async () => {
  await using folder = await testFolder();
  assert.ok(keys.length >= 10);
  for (const index of keys) assert.deepEqual(await folder.faults(withKeyAt(index)), [], lines[index]);
});

test("a commented default is the default", async () => {
  await using folder = await testFolder();
  const standard = await folder.load(lines.join("\n"));
  for (const index of keys) {
    if (
      !/#(?:control|port|http_port|camera_port|discovery_port|camera_grace|linger|max_frames_per_second|max_streams|sub|encoder|encoder_device|webrtc|hls|remote_control|recordings|timelapse_frames_per_second):/u.test(
        lines[index]!,
      )
    )
      continue;
    assert.deepEqual(await folder.load(withKeyAt(index)), standard, lines[index]);
  }
});

test("the example explains every key", () => {
  const schema = jsonSchemaOf(inventorySchema);
  const paths = [[], ["printers", 0], ["printers", 0, "camera"], ["gateway"], ["bridge"], ["access"]];
  for (const key of paths.flatMap((path) => keysAt(schema, path))) {
    assert.ok(
      lines.some((line) => new RegExp(`^[ #-]*(?:camera: \\{)?${key}:`, "u").test(line)),
      key,
    );
  }
});
