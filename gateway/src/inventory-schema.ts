// The text of config/printers.schema.json: the shared parts from config/, each `connection` from its family.

import { inventoryJsonSchema } from "@gantry/config";
import type { Families } from "./families/family.ts";

/** Pretty-printed JSON with a final newline. */
export function inventorySchemaText(families: Families): string {
  const schemas = Object.fromEntries(Object.entries(families).map(([id, { connection }]) => [id, connection]));
  return `${JSON.stringify(inventoryJsonSchema(schemas), null, 2)}\n`;
}
