// The state document: the telemetry table folded into one JSON object, and its schema.
// REST, SSE and MCP send this; the shape is docs/api.md, State.

import * as z from "zod";
import type { Capabilities } from "./capabilities.ts";
import type { PrinterState } from "./printer.ts";
import { telemetry } from "./telemetry.ts";
import { groups, type TelemetryPoint, type Value } from "./telemetry-point.ts";

export interface JsonObject {
  readonly [key: string]: JsonValue;
}
export type JsonValue = number | boolean | string | null | JsonObject | readonly JsonValue[];

type Writable = Record<string, JsonValue>;

/**
 * The state of one printer as JSON. A part that is not there now (no job, a capability the
 * printer lacks) is null; an unknown value is null; arrays are never null.
 */
export function stateDocument(
  state: PrinterState,
  has: Capabilities,
  points: readonly TelemetryPoint[] = telemetry,
): JsonObject {
  const isHad = (point: TelemetryPoint): boolean => point.needs === undefined || has.has(point.needs);
  const hadGroups = new Set(points.filter((point) => isHad(point)).map((point) => point.per));
  const document: Writable = {};
  const absent = new Set<string>();
  for (const point of points) {
    const had = isHad(point);
    if (point.per === undefined) place(document, absent, point.key, had ? point.read(state) : undefined);
    else placeEach(document, point, hadGroups.has(point.per) ? state : undefined, had);
  }
  for (const part of absent) document[part] = null;
  return document;
}

/** Sets one value; `absent` keeps the parts of which no value has been there so far. */
function place(document: Writable, absent: Set<string>, key: string, value: Value): void {
  const [parent, leaf] = split(key);
  if (leaf === undefined) {
    document[parent] = value ?? null;
    return;
  }
  if (!(parent in document)) absent.add(parent);
  if (value !== undefined) absent.delete(parent);
  const part = (document[parent] ??= {}) as Writable;
  part[leaf] = value ?? null;
}

function placeEach(
  document: Writable,
  point: Extract<TelemetryPoint, { per: string }>,
  state: PrinterState | undefined,
  had: boolean,
): void {
  const { path, identity, items } = groups[point.per];
  const leaf = point.key.slice(path.length + 1);
  const list = (document[path] ??= []) as Writable[];
  if (state === undefined) return;
  const values = had ? point.read(state) : [];
  for (const [index, item] of items(state).entries()) {
    const entry = (list[index] ??= Object.fromEntries(
      identity.map((key) => [key, (item as unknown as Record<string, JsonValue>)[key] ?? null]),
    ));
    entry[leaf] = values[index] ?? null;
  }
}

function split(key: string): [string, string | undefined] {
  const dot = key.indexOf(".");
  return dot < 0 ? [key, undefined] : [key.slice(0, dot), key.slice(dot + 1)];
}

/** The schema of {@link stateDocument}, made from the same table; units ride in `unit`. */
export function stateSchema(points: readonly TelemetryPoint[] = telemetry): z.ZodObject {
  const shape: Record<string, z.ZodType> = {};
  const parts: Record<string, Record<string, z.ZodType>> = {};
  for (const point of points) {
    const [parent, leaf] = split(point.key);
    if (leaf === undefined) shape[parent] = valueSchema(point);
    else {
      parts[parent] ??= {};
      parts[parent][leaf] = valueSchema(point);
      shape[parent] ??= z.null();
    }
  }
  const repeated = new Map(Object.values(groups).map((group) => [group.path, group.identity as readonly string[]]));
  for (const [parent, leaves] of Object.entries(parts)) {
    const identity = repeated.get(parent);
    const names = Object.fromEntries((identity ?? []).map((key) => [key, z.string()]));
    const part = z.object({ ...names, ...leaves });
    shape[parent] = identity === undefined ? part.nullable() : z.array(part);
  }
  return z.object(shape);
}

function valueSchema(point: TelemetryPoint): z.ZodType {
  const schema = kindSchema(point);
  const described = (point.always ?? false) ? schema : schema.nullable();
  return described.meta({
    title: point.label,
    description: point.summary,
    ...(point.unit === undefined ? {} : { unit: point.unit }),
  });
}

function kindSchema(point: TelemetryPoint): z.ZodType {
  switch (point.kind) {
    case "number":
      return z.number();
    case "boolean":
      return z.boolean();
    case "enum":
      return z.enum(point.values ?? []);
    case "instant":
      return z.iso.datetime();
    case "text":
      return z.string();
  }
}
