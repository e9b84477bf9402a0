// The JSON Schema (draft 2020-12) of the inventory, for editors: printers.schema.json. It says
// what the loader says as far as a schema can; unset variables and clashing ids it cannot.

import { withAccessFiles } from "./access.ts";
import { connectionShapes, type ConnectionShape } from "./connection.ts";
import { inventorySchema, type FamilySchemas } from "./inventory.ts";
import { isObject, jsonSchemaOf, type JsonSchema } from "./schema-keys.ts";

/** The schema as a JSON value. */
export function inventoryJsonSchema(families: FamilySchemas): unknown {
  const schema = withAccessFiles(withPlainBlanks(jsonSchemaOf(inventorySchema)) as JsonSchema);
  const properties = schema["properties"] as Record<string, JsonSchema>;
  const { items, ...list } = properties["printers"]!;
  const printers = { ...list, items: entryWith(items as JsonSchema, connectionShapes(families)) };
  return withReferences({ ...schema, properties: { ...properties, printers } });
}

/** A block that may be blank is an `anyOf` with null to zod; as a list of types editors explain it better. */
function withPlainBlanks(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withPlainBlanks);
  if (!isObject(schema)) return schema;
  const plain = Object.fromEntries(Object.entries(schema).map(([key, inner]) => [key, withPlainBlanks(inner)]));
  const { anyOf, ...notes } = plain;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return plain;
  const [block, blank] = anyOf as [JsonSchema, JsonSchema];
  if (blank["type"] !== "null" || typeof block["type"] !== "string") return plain;
  return { ...notes, ...block, type: [block["type"], "null"] };
}

/** One condition for each family on the entry that names it. */
function entryWith(entry: JsonSchema, shapes: ReadonlyMap<string, ConnectionShape>): JsonSchema {
  const properties = isObject(entry["properties"]) ? entry["properties"] : {};
  const family = { ...(properties["family"] as JsonSchema), enum: [...shapes.keys()] };
  const allOf = [...shapes].map(([id, shape]) => ({
    if: { properties: { family: { const: id } }, required: ["family"] },
    // oxlint-disable-next-line unicorn/no-thenable -- the JSON Schema keyword
    then: demands(shape),
  }));
  return { ...entry, properties: { ...properties, family }, allOf };
}

function demands(shape: ConnectionShape): JsonSchema {
  const { $schema: _, ...connection } = shape.legal;
  const takesBlock = shape.schema.safeParse({}).success;
  if (!shape.cameraOnly) return { properties: { connection }, ...(takesBlock ? {} : { required: ["connection"] }) };
  return {
    properties: { connection: takesBlock ? connection : false, camera: { type: "object", required: ["url"] } },
    required: ["camera"],
  };
}

const constraints = ["enum", "pattern", "format", "minLength", "maxLength"];
const reference = { type: "string", pattern: "\\$\\{", description: "A reference, ${NAME}." };

/** Lets `${NAME}` stand for each value that a plain text could not be. */
function withReferences(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withReferences);
  if (!isObject(schema)) return schema;
  const { type } = schema;
  const strict = type === "number" || type === "integer" || (type === "boolean" && !Object.hasOwn(schema, "const"));
  if (strict || (type === "string" && constraints.some((word) => Object.hasOwn(schema, word)))) {
    return alternative(schema);
  }
  const entries = Object.entries(schema).map(([key, inner]) => [
    key,
    // Conditions look at the family as it is written.
    key === "if" || key === "default" ? inner : withReferences(inner),
  ]);
  return Object.fromEntries(entries);
}

/** Notes for the reader stay outside, where editors look for them. */
function alternative(schema: JsonSchema): JsonSchema {
  const { description, default: standard, unit, secret, ...rest } = schema;
  const notes = Object.entries({ description, default: standard, unit, secret }).filter(
    ([, note]) => note !== undefined,
  );
  return { ...Object.fromEntries(notes), anyOf: [rest, reference] };
}
