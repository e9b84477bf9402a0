// Writes config/printers.schema.json, the inventory's schema for editors. Run by `make schema`.

import { writeFile } from "node:fs/promises";
import { families } from "./families/index.ts";
import { inventorySchemaText } from "./inventory-schema.ts";

await writeFile(new URL("../../config/printers.schema.json", import.meta.url), inventorySchemaText(families));
