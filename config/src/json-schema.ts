// The JSON Schema of the inventory, for editors: printers.schema.json.

import type { FamilySchemas } from "./inventory.ts";

/** The schema as a JSON value. */
export function inventoryJsonSchema(_families: FamilySchemas): unknown {
  throw new Error("not built yet");
}
