// What a JSON Schema says about keys: which are legal at a path, which are secret. The JSON form
// is read because it is the same whatever wrappers (optional, default, refine, union) zod put on.

import * as z from "zod";
import type { Path } from "./problems.ts";

export type JsonSchema = Record<string, unknown>;

/** The schema of what is written in the file, before defaults and transforms. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema itself and every alternative within it. */
function alternatives(schema: unknown): JsonSchema[] {
  if (!isObject(schema)) return [];
  const nested = ["anyOf", "oneOf", "allOf"].flatMap((word) => (Array.isArray(schema[word]) ? schema[word] : []));
  return [schema, ...nested.flatMap((inner) => alternatives(inner))];
}

function properties(schema: unknown): [string, unknown][] {
  return alternatives(schema).flatMap(({ properties }) => (isObject(properties) ? Object.entries(properties) : []));
}

/** Keys that are legal in the mapping at `path`; empty when the schema does not say. */
export function keysAt(schema: JsonSchema, path: Path): string[] {
  let here: unknown[] = [schema];
  for (const step of path) {
    here = here.flatMap((schema) =>
      typeof step === "number"
        ? alternatives(schema).flatMap(({ items }) => (items === undefined ? [] : [items]))
        : properties(schema).flatMap(([key, inner]) => (key === step ? [inner] : [])),
    );
  }
  return [...new Set(here.flatMap((schema) => properties(schema).map(([key]) => key)))];
}

/** Keys of the top mapping whose schema carries `.meta({ secret: true })`. */
export function secretKeys(schema: JsonSchema): string[] {
  const secret = properties(schema).filter(([, inner]) => alternatives(inner).some((one) => one["secret"] === true));
  return [...new Set(secret.map(([key]) => key))];
}

/** The schema with `<key>_file` beside each of these keys: one of the two where the key is required, never both. */
export function withFileKeys(schema: JsonSchema, keys: readonly string[]): JsonSchema {
  const entries = Object.entries(schema).map(([word, inner]) =>
    ["anyOf", "oneOf", "allOf"].includes(word) && Array.isArray(inner)
      ? [word, inner.map((one: JsonSchema) => withFileKeys(one, keys))]
      : [word, inner],
  );
  return keys.reduce(withFileKey, Object.fromEntries(entries) as JsonSchema);
}

function withFileKey(schema: JsonSchema, key: string): JsonSchema {
  const { properties, required, allOf } = schema;
  if (!isObject(properties) || !Object.hasOwn(properties, key)) return schema;
  const fileKey = `${key}_file`;
  const description = `A file that holds ${key}, in place of it. A relative path starts at the inventory's folder.`;
  const needed = Array.isArray(required) && required.includes(key);
  const rule = needed
    ? { oneOf: [{ required: [key] }, { required: [fileKey] }] }
    : { not: { required: [key, fileKey] } };
  return {
    ...schema,
    properties: { ...properties, [fileKey]: { type: "string", minLength: 1, description } },
    ...(needed ? { required: required.filter((name) => name !== key) } : {}),
    allOf: [...(Array.isArray(allOf) ? allOf : []), rule],
  };
}
