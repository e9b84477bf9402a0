// The rules of an entry of `printers` that a schema of its own keys cannot say: what its family
// wants of it, and what it must not share with the other entries.

import { readSecretKeys, type ConnectionShape } from "./connection.ts";
import { type Faults, type Path } from "./problems.ts";
import type { SecretFiles } from "./references.ts";
import { isObject } from "./schema-keys.ts";
import { closest } from "./suggest.ts";
import { check, type CheckOptions } from "./validate.ts";

export interface ConnectionsOptions extends Pick<CheckOptions, "faults" | "drawn" | "hidden"> {
  /** By family id; undefined leaves connections as they are. */
  readonly shapes: ReadonlyMap<string, ConnectionShape> | undefined;
  readonly files: SecretFiles;
  /** Folder of the inventory. */
  readonly folder: string;
}

/** The typed `connection` of each entry, in order; undefined where there is none or it is wrong. */
export async function checkConnections(tree: unknown, options: ConnectionsOptions): Promise<unknown[]> {
  const connections: unknown[] = [];
  for (const [index, entry] of printersOf(tree).entries()) {
    connections.push(isObject(entry) ? await checkConnection(entry, ["printers", index], options) : undefined);
  }
  return connections;
}

async function checkConnection(
  entry: Record<string, unknown>,
  at: Path,
  options: ConnectionsOptions,
): Promise<unknown> {
  // null is a block whose keys are all commented out.
  const given = entry["connection"] ?? undefined;
  const family = entry["family"];
  if (options.shapes === undefined || typeof family !== "string") return given;
  const shape = options.shapes.get(family);
  if (shape === undefined) return tellFamily(family, [...at, "family"], options.shapes, options.faults);
  const path = [...at, "connection"];
  if (shape.cameraOnly) tellMissingUrl(entry["camera"], family, [...at, "camera"], options.faults);
  await readSecretKeys(given, path, shape, options);
  if (options.faults.isSettled(path)) return undefined;
  // An absent block is checked as an empty one, so that each missing key is told.
  const value = given === undefined && !shape.cameraOnly ? {} : given;
  return check(shape.schema, value, { ...options, at: path, legal: shape.legal });
}

function tellFamily(family: string, at: Path, shapes: ReadonlyMap<string, ConnectionShape>, faults: Faults): undefined {
  if (faults.isSettled(at)) return;
  const legal = [...shapes.keys()];
  const guess = closest(family, legal);
  faults.atValue(
    at,
    `unknown family; ${guess === undefined ? "" : `did you mean ${guess}? `}legal: ${legal.join(", ")}`,
  );
}

function tellMissingUrl(camera: unknown, family: string, at: Path, faults: Faults): void {
  if (isObject(camera) && typeof camera["url"] === "string") return;
  const isAbsent = camera === undefined || camera === null || camera === false || isObject(camera);
  if (isAbsent && !faults.isSettled([...at, "url"])) {
    faults.atValue([...at, "url"], `missing; the family ${family} shows the pictures of this URL`);
  }
}

/** For unknown keys of an entry: `host` one level too high is the commonest slip of indentation. */
export function misplacedKey(
  tree: unknown,
  shapes: ReadonlyMap<string, ConnectionShape> | undefined,
): (path: Path, key: string) => string | undefined {
  return (path, key) => {
    if (path.length !== 2 || path[0] !== "printers") return undefined;
    const entry = printersOf(tree)[Number(path[1])];
    const shape = isObject(entry) ? shapes?.get(String(entry["family"])) : undefined;
    return shape?.keys.includes(key) === true ? "connection" : undefined;
  };
}

/** Ids are paths, labels and topics: each stands once, and none takes another's second stream. */
export function tellClashes(tree: unknown, faults: Faults): void {
  const first = new Map<string, Path>();
  const ids = printersOf(tree).map((entry, index) => ({
    id: isObject(entry) && typeof entry["id"] === "string" ? entry["id"] : undefined,
    path: ["printers", index, "id"],
  }));
  for (const { id, path } of ids) {
    if (id === undefined || faults.isSettled(path)) continue;
    const other = first.get(id);
    if (other === undefined) first.set(id, path);
    else faults.atValue(path, `duplicate id; the printer at ${faults.whereIs(other)} has it too`);
  }
  for (const [id, path] of first) {
    const main = id.endsWith("_sub") ? first.get(id.slice(0, -"_sub".length)) : undefined;
    if (main === undefined) continue;
    faults.atValue(path, `this id is the RTSP path of the second stream of the printer at ${faults.whereIs(main)}`);
  }
}

function printersOf(tree: unknown): unknown[] {
  const printers = isObject(tree) ? tree["printers"] : undefined;
  return Array.isArray(printers) ? printers : [];
}
