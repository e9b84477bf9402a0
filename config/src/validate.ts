// A zod schema applied to a part of the file: the typed value, or faults with places, in the words
// of somebody who edits YAML. It knows neither printers nor where values came from.

import type * as z from "zod";
import { type Faults, type Path, pathKey } from "./problems.ts";
import { isObject, keysAt, type JsonSchema } from "./schema-keys.ts";
import { closest } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

export interface CheckOptions {
  readonly faults: Faults;
  /** Where the checked value stands in the file. */
  readonly at: Path;
  /** For the keys that are legal, from ./schema-keys.ts. */
  readonly legal: JsonSchema;
  /** Paths (pathKey) of texts that were drawn from the environment. */
  readonly drawn: ReadonlyMap<string, unknown>;
  /** True for values that no fault may show, by path from the top of the file. */
  readonly hidden: (path: Path, value: unknown) => boolean;
  /** Where an unknown key would be legal, if anywhere. */
  readonly elsewhere?: (path: Path, key: string) => string | undefined;
}

/** The schema's output; undefined when there were faults, which are then told. */
export function check<Output>(schema: z.ZodType<Output>, value: unknown, options: CheckOptions): Output | undefined {
  const parse = () => schema.safeParse(value, { error: explain });
  let result = parse();
  if (!result.success && convertDrawn(value, result.error.issues, options)) result = parse();
  if (result.success) return result.data;
  for (const issue of result.error.issues) tell(issue, [], value, options);
  return undefined;
}

/** What a reference brought is text; where a number or a boolean is wanted it is read as one. */
function convertDrawn(value: unknown, issues: readonly Issue[], options: CheckOptions, base: Path = []): boolean {
  let changed = false;
  for (const issue of issues) {
    const path = [...base, ...(issue.path as Path)];
    if (issue.code === "invalid_union") {
      for (const branch of issue.errors) changed = convertDrawn(value, branch, options, path) || changed;
    }
    const holder = valueAt(value, path.slice(0, -1)) as Record<string | number, unknown>;
    const last = path.at(-1);
    if (last === undefined || !options.drawn.has(pathKey([...options.at, ...path]))) continue;
    const converted = convert(holder[last], issue);
    if (converted === undefined) continue;
    holder[last] = converted;
    changed = true;
  }
  return changed;
}

function convert(text: unknown, issue: Issue): number | boolean | undefined {
  if (typeof text !== "string") return undefined;
  if (issue.code === "invalid_value") {
    const match = issue.values.find((value) => String(value) === text.trim());
    return typeof match === "number" || typeof match === "boolean" ? match : undefined;
  }
  if (issue.code !== "invalid_type") return undefined;
  if (issue.expected === "boolean" && /^(?:true|false)$/u.test(text.trim())) return text.trim() === "true";
  const number = /^[-+]?\d+(?:\.\d+)?$/u.test(text.trim()) ? Number(text) : undefined;
  return issue.expected === "number" || issue.expected === "int" ? number : undefined;
}

function tell(issue: Issue, base: Path, value: unknown, options: CheckOptions): void {
  const local = [...base, ...(issue.path as Path)];
  const path = [...options.at, ...local];
  if (options.faults.isSettled(path)) return;
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) tellUnknownKey(key, local, value, options);
    return;
  }
  const branch = issue.code === "invalid_union" ? nearestBranch(issue.errors) : undefined;
  if (branch !== undefined) return branch.forEach((inner) => tell(inner, local, value, options));
  const found = valueAt(value, local);
  options.faults.atValue(path, issue.message + foundWords(issue, found, options.hidden(path, found)));
}

function tellUnknownKey(key: string, local: Path, value: unknown, options: CheckOptions): void {
  const path = [...options.at, ...local];
  const legal = keysAt(options.legal, local);
  const present = valueAt(value, local);
  const free = legal.filter((name) => !isObject(present) || !Object.hasOwn(present, name));
  const guess = closest(key, free) ?? closest(key, legal);
  const elsewhere = options.elsewhere?.(path, key);
  let hint = legal.length === 0 ? "" : `; legal here: ${legal.join(", ")}`;
  if (guess !== undefined) hint = `; did you mean ${guess}?`;
  if (elsewhere !== undefined) hint = `; it belongs under ${elsewhere}`;
  options.faults.atKey([...path, key], `unknown key${hint}`);
}

/** Of the forms a value may take, the one it comes nearest to; undefined when it is like none. */
function nearestBranch(branches: readonly Issue[][]): Issue[] | undefined {
  const alike = branches.filter((issues) => !issues.some(isRootMismatch));
  return alike.toSorted((a, b) => a.length - b.length)[0];
}

function isRootMismatch(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");
}

const nouns: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping of keys",
  record: "a mapping of keys",
  array: "a list",
  null: "nothing",
  undefined: "nothing",
  void: "nothing",
  never: "nothing",
};

/** Our words for zod's issues; undefined leaves zod its own. A schema's own message goes first. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  const missing = issue.input === undefined ? "missing; " : "";
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- zod has words for the rest
  switch (issue.code) {
    case "invalid_type":
      return `${missing}expected ${nouns[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `${missing}expected ${or(issue.values)}`;
    case "invalid_union":
      return explainUnion(issue.errors);
    case "too_small":
      return `must be ${issue.inclusive === false ? "more than" : "at least"} ${counted(issue.minimum, issue.origin)}`;
    case "too_big":
      return `must be ${issue.inclusive === false ? "less than" : "at most"} ${counted(issue.maximum, issue.origin)}`;
    default:
      return undefined;
  }
}

function explainUnion(branches: readonly Issue[][]): string | undefined {
  const roots = branches.flatMap((issues) => issues.filter(isRootMismatch).map(({ message }) => message));
  const forms = [...new Set(roots.map((message) => message.replace(/^(?:missing; )?expected /u, "")))];
  return forms.length === 0 ? undefined : `expected ${forms.join(" or ")}`;
}

function or(values: readonly unknown[]): string {
  return values.length > 2 ? `one of ${values.join(", ")}` : values.join(" or ");
}

function counted(bound: number | bigint, origin: string): string {
  if (origin === "string") return `${bound} characters long`;
  return origin === "array" || origin === "set" ? `${bound} items long` : String(bound);
}

/** `, found …`; only the kind of what must stay hidden, nothing where the message says it all. */
function foundWords(issue: Issue, found: unknown, hide: boolean): string {
  if (found === undefined) return "";
  const wrongKind = issue.code === "invalid_type" || issue.code === "invalid_union";
  if (!wrongKind && (hide || (typeof found === "object" && found !== null))) return "";
  const typo = issue.code === "invalid_value" && typeof found === "string" && !hide;
  const guess = typo ? closest(found, issue.values.map(String)) : undefined;
  // Such as an access code: shown as a number it may not be what stands in the file.
  if (issue.message === "expected text" && typeof found === "number") return ", found a number; put it in quotes";
  return `, found ${foundNoun(found, hide)}${guess === undefined ? "" : `; did you mean ${guess}?`}`;
}

function foundNoun(found: unknown, hide: boolean): string {
  if (found === null) return "nothing";
  if (typeof found === "object") return Array.isArray(found) ? "a list" : "a mapping";
  if (typeof found === "number" || typeof found === "boolean") return hide ? `a ${typeof found}` : String(found);
  if (typeof found !== "string" || hide) return "text";
  return `text ${JSON.stringify(found.length > 40 ? `${found.slice(0, 40)}…` : found)}`;
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}
