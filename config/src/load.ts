// YAML with positions in, frozen inventory out. This file sets the order of the work; reading
// YAML, references, schemas and places each have a file of their own.

import { basename, dirname } from "node:path";
import { accessSecretKeys, accessSecrets, tellAccess, withAccessFiles } from "./access.ts";
import { connectionShapes, readSecretKeys } from "./connection.ts";
import { checkConnections, misplacedKey, tellClashes } from "./entries.ts";
import { inventorySchema, type FamilySchemas, type Inventory } from "./inventory.ts";
import { formatProblem, type Path, type Problem } from "./problems.ts";
import { readText, type UnreadableError } from "./read-text.ts";
import { resolveReferences, SecretFiles } from "./references.ts";
import { isObject, jsonSchemaOf } from "./schema-keys.ts";
import { createSecrets, type Secrets } from "./secrets.ts";
import { hiddenWords, secretsWithin } from "./sensitive.ts";
import { check } from "./validate.ts";
import { readYaml } from "./yaml-tree.ts";

export interface InventoryOptions {
  readonly file: string;
  /** For `${NAME}`, `${NAME_FILE}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Checks each `connection` and resolves its secrets; without it connections stay opaque. */
  readonly families?: FamilySchemas;
  /** Learns every secret value. */
  readonly secrets?: Secrets;
}

/** All faults of one file. */
export class InventoryError extends Error {
  override readonly name = "InventoryError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], cause?: unknown) {
    super(problems.map((problem) => formatProblem(problem)).join("\n"), cause === undefined ? undefined : { cause });
    this.problems = problems;
  }
}

/** One try to read the file and what it refers to. */
export interface Reading {
  readonly outcome: Inventory | InventoryError;
  /** There is no such file. */
  readonly missing: boolean;
  /** Secret files that were read or should have been. */
  readonly secretFiles: readonly string[];
  /** Equal for equal contents of the file and its secret files. Holds secrets. */
  readonly fingerprint: string;
}

/** Largest inventory file, bytes. */
const maxBytes = 1024 * 1024;

/** No printers, and the default of everything else. */
export const emptyInventory: Inventory = deepFreeze(inventorySchema.parse({}));

/**
 * Reads and checks the file. The result is frozen to its leaves.
 * @throws InventoryError with every fault; for a file that cannot be read, with that one and the
 *   file system's error within its cause
 */
export async function loadInventory(options: InventoryOptions): Promise<Inventory> {
  const { outcome } = await readInventory(options);
  if (outcome instanceof InventoryError) throw outcome;
  return outcome;
}

/** Like loadInventory, but faults are part of the result. */
export async function readInventory(options: InventoryOptions): Promise<Reading> {
  const files = new SecretFiles();
  let text: string;
  try {
    text = await readText(options.file, maxBytes);
  } catch (error) {
    return unreadable(options.file, error as UnreadableError);
  }
  const outcome = await interpret(text, options, files);
  const contents = await files.contents();
  const fingerprint = JSON.stringify([text, ...contents]);
  return { outcome, missing: false, secretFiles: [...contents.keys()], fingerprint };
}

function unreadable(file: string, error: UnreadableError): Reading {
  const problem = { file: basename(file), line: error.line, column: 1, path: "", message: `the file ${error.message}` };
  const outcome = new InventoryError([problem], error);
  return { outcome, missing: error.missing, secretFiles: [], fingerprint: `unreadable: ${error.message}` };
}

/** Text of the file in, inventory or every fault out. */
async function interpret(
  text: string,
  options: InventoryOptions,
  files: SecretFiles,
): Promise<Inventory | InventoryError> {
  const { value: tree, faults } = readYaml(text, basename(options.file));
  if (tree === undefined) return new InventoryError(faults.list((message) => message));
  const shapes = options.families === undefined ? undefined : connectionShapes(options.families);
  const opaque = (path: Path): boolean => shapes === undefined && isConnection(path);
  const lenient = (path: Path): boolean => shapes === undefined && isCameraUrl(path);
  const drawn = await resolveReferences(tree, { env: options.env, files, faults, opaque, lenient });
  const secretKeys = new Set([...accessSecretKeys, ...[...(shapes?.values() ?? [])].flatMap(({ secrets }) => secrets)]);
  const context = { faults, drawn, hidden: hiddenWords(secretKeys, drawn) };
  const folder = dirname(options.file);
  const connections = await checkConnections(tree, { ...context, shapes, files, folder });
  for (const { holder, at, key } of accessSecrets(tree)) {
    await readSecretKeys(holder, at, { fileSecrets: [key] }, { files, faults, folder });
  }
  const legal = withAccessFiles(jsonSchemaOf(inventorySchema));
  const inventory = check(inventorySchema, tree, { ...context, at: [], legal, elsewhere: misplacedKey(tree, shapes) });
  tellClashes(tree, faults);
  tellAccess(tree, faults);
  const secrets = createSecrets();
  for (const secret of secretsWithin(tree, secretKeys, drawn)) {
    secrets.add(secret);
    options.secrets?.add(secret);
  }
  // Faults are redacted even when nobody asked for the secrets.
  if (inventory === undefined || faults.any)
    return new InventoryError(faults.list((message) => secrets.redact(message)));
  const printers = inventory.printers.map((printer, index) => ({ ...printer, connection: connections[index] }));
  return deepFreeze({ ...inventory, printers });
}

/** What only the gateway uses, and may alone have the secrets of. */
function isConnection([top, , block, ...deeper]: Path): boolean {
  return top === "printers" && block === "connection" && deeper.length === 0;
}

/** The bridge opens the ones that are RTSP; of others it needs nothing. */
function isCameraUrl([top, , block, key, ...deeper]: Path): boolean {
  return top === "printers" && block === "camera" && key === "url" && deeper.length === 0;
}

/** Objects of other kinds, which a family's schema may make, are left as they are. */
function deepFreeze<Value>(value: Value): Value {
  const plain = Array.isArray(value) || (isObject(value) && Object.getPrototypeOf(value) === Object.prototype);
  if (!plain || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value as object)) deepFreeze(inner);
  return value;
}
