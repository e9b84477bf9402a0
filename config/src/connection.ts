// The `connection` block of one printer, checked by its family's schema, and the `<key>_file`
// forms of its secrets. What a family is, is not known here: only its schema.

import { resolve } from "node:path";
import * as z from "zod";
import type { FamilySchemas } from "./inventory.ts";
import type { Faults, Path } from "./problems.ts";
import type { SecretFiles } from "./references.ts";
import { isObject, jsonSchemaOf, keysAt, secretKeys, withFileKeys, type JsonSchema } from "./schema-keys.ts";

/** What the loader needs to know of a family's schema. */
export interface ConnectionShape {
  readonly schema: z.ZodType;
  /** The schema as JSON, with the `_file` forms of its secrets. */
  readonly legal: JsonSchema;
  /** Keys that may stand in the block. */
  readonly keys: readonly string[];
  /** Keys that hold a secret. */
  readonly secrets: readonly string[];
  /** Those that may be given as `<key>_file`. */
  readonly fileSecrets: readonly string[];
  /** A camera without a printer: no connection, but a `camera.url`. */
  readonly cameraOnly: boolean;
}

export function connectionShapes(families: FamilySchemas): ReadonlyMap<string, ConnectionShape> {
  return new Map(Object.entries(families).map(([family, schema]) => [family, connectionShape(schema)]));
}

function connectionShape(schema: z.ZodType): ConnectionShape {
  const json = jsonSchemaOf(schema);
  const own = keysAt(json, []);
  const secrets = secretKeys(json);
  // A family may have a key of that name itself; then it is the family's.
  const fileSecrets = secrets.filter((key) => !own.includes(`${key}_file`));
  const legal = withFileKeys(json, fileSecrets);
  const cameraOnly = z.safeParse(schema, undefined).success;
  return { schema, legal, keys: keysAt(legal, []), secrets, fileSecrets, cameraOnly };
}

export interface SecretFileOptions {
  readonly files: SecretFiles;
  readonly faults: Faults;
  /** Folder of the inventory; relative paths start there. */
  readonly folder: string;
}

/** Puts the text of each `<key>_file` in place of `<key>`, within `connection` or another block. */
export async function readSecretKeys(
  connection: unknown,
  at: Path,
  shape: Pick<ConnectionShape, "fileSecrets">,
  options: SecretFileOptions,
): Promise<void> {
  if (!isObject(connection)) return;
  for (const key of shape.fileSecrets) {
    const fileKey = `${key}_file`;
    if (!Object.hasOwn(connection, fileKey)) continue;
    const file = connection[fileKey];
    delete connection[fileKey];
    const fault = Object.hasOwn(connection, key)
      ? `${key} and ${fileKey} are both given; keep one`
      : await take(file, (text) => (connection[key] = text), options);
    options.faults.placeAs([...at, key], [...at, fileKey]);
    if (fault === undefined) continue;
    if (!options.faults.isSettled([...at, fileKey])) options.faults.atKey([...at, fileKey], fault);
    // The missing key is the same fault again: something stands in for it.
    connection[key] ??= "";
    options.faults.settle([...at, key]);
  }
}

/** Reads one secret; gives the fault, or undefined. */
async function take(
  file: unknown,
  put: (text: string) => void,
  { files, folder }: SecretFileOptions,
): Promise<string | undefined> {
  if (typeof file !== "string" || file === "") return "expected the path of a file";
  try {
    const text = await files.read(resolve(folder, file));
    if (text === "") return `the file ${file} is empty`;
    put(text);
    return undefined;
  } catch (error) {
    return `the file ${file} ${(error as Error).message}`;
  }
}
