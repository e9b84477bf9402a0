// What has changed between two reports, in the form the printer sends: only changed keys, whole
// arrays, but of the material units only those that changed, with partial trays. Pure.

type JsonObject = Record<string, unknown>;

/** @returns undefined when nothing has changed */
export function deltaOf(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const changed: JsonObject = {};
  for (const [key, value] of Object.entries(after)) {
    const difference = key === "ams" ? unitsDelta(before[key], value) : valueDelta(before[key], value);
    if (difference !== undefined) changed[key] = difference;
  }
  return Object.keys(changed).length === 0 ? undefined : changed;
}

function valueDelta(before: unknown, after: unknown): unknown {
  if (isObject(before) && isObject(after)) return deltaOf(before, after);
  return same(before, after) ? undefined : after;
}

function unitsDelta(before: unknown, after: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(after)) {
    // Without the units that are gone there is nothing partial to say.
    return after.length < before.length ? after : listDelta(before as JsonObject[], after as JsonObject[]);
  }
  return isObject(before) && isObject(after) ? deltaOf(before, after) : valueDelta(before, after);
}

/** Entries with an `id`, each with only what has changed of it. */
function listDelta(before: readonly JsonObject[], after: readonly JsonObject[]): JsonObject[] | undefined {
  const changed = after.flatMap((entry) => {
    const old = before.find(({ id }) => id === entry["id"]);
    if (old === undefined) return [entry];
    if (same(old, entry)) return [];
    // A tray that was emptied is told by its id alone.
    const { tray, ...rest } = entry;
    const own = deltaOf(without(old, "tray"), rest) ?? {};
    const trays = Array.isArray(tray) ? listDelta(old["tray"] as JsonObject[], tray as JsonObject[]) : undefined;
    return [{ id: entry["id"], ...own, ...(trays !== undefined && { tray: trays }) }];
  });
  return changed.length === 0 ? undefined : changed;
}

function without(entry: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => name !== key));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
