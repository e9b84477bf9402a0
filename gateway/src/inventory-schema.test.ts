import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { families } from "./families/index.ts";
import { inventorySchemaText } from "./inventory-schema.ts";

test("the schema that editors read is the one the services check by; `make schema` writes it anew", async () => {
  const written = await readFile(new URL("../../config/printers.schema.json", import.meta.url), "utf8");
  assert.equal(written, inventorySchemaText(families));
});
