// YAML text in, plain values out, with the place of every key and value. It knows YAML and
// nothing of printers. Aliases are followed within a budget and `<<` merges as in YAML 1.1, which
// the `yaml` package leaves to its own toJS(), where positions are lost.

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Alias, Document, Node, Pair, Scalar, YAMLError, YAMLMap } from "yaml";
import { Faults, type Path } from "./problems.ts";

/** Keys and items after aliases are followed; an inventory of a hundred printers has about 2000. */
const maxValues = 20_000;
const maxDepth = 32;

/** `value` is undefined when the text is not YAML at all: nothing else is worth telling then. */
export interface YamlTree {
  readonly value: unknown;
  readonly faults: Faults;
}

interface Entry {
  readonly key: number;
  readonly value: unknown;
}

class TooMuchError extends Error {}

/** Reads one document. Never throws. `file` is the name shown in faults. */
export function readYaml(text: string, file: string): YamlTree {
  const lines = new LineCounter();
  const faults = new Faults(file, (offset) => {
    const { line, col } = lines.linePos(offset);
    return line === 0 ? { line: 1, column: 1 } : { line, column: col };
  });
  try {
    // Excerpts of the source in messages could show a secret: prettyErrors stays off.
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
    if (tellSyntax(document, faults, lines)) return { value: undefined, faults };
    return { value: new Walker(faults).walk(document.contents, [], undefined) ?? {}, faults };
  } catch (error) {
    faults.atOffset(0, [], failureMessage(error));
    return { value: undefined, faults };
  }
}

/** The parser recurses; what it does on broken text besides is not ours to fail on. */
function failureMessage(error: unknown): string {
  if (error instanceof TooMuchError) return error.message;
  return error instanceof RangeError ? "not YAML: nested too deep" : "not YAML: cannot be parsed";
}

/**
 * True when the text is broken. A tag or an odd name is only a fault at its place. Of several errors
 * in a line the first is told: the others tend to follow from it.
 */
function tellSyntax(document: Document.Parsed, faults: Faults, lines: LineCounter): boolean {
  const told = new Set<number>();
  const { errors, warnings } = document;
  const exhausted = errors.filter(({ code }) => code === "RESOURCE_EXHAUSTION").slice(0, 1);
  for (const problem of exhausted.length > 0 ? exhausted : [...errors, ...warnings]) {
    const { line } = lines.linePos(problem.pos[0]);
    if (!told.has(line)) faults.atOffset(problem.pos[0], [], syntaxMessage(problem));
    told.add(line);
  }
  return errors.length > 0;
}

/** The parser's words, less what it quotes from the file. */
function syntaxMessage({ code, message }: YAMLError): string {
  if (code === "TAG_RESOLVE_FAILED") return "YAML tags (!…) are not used here; secrets are written ${NAME}";
  if (code === "BAD_DQ_ESCAPE") return "not YAML: no such escape in \"…\"; '…' takes a backslash as it is";
  if (code === "MULTIPLE_DOCS") return "not YAML: more than one document (---) in the file";
  if (code === "RESOURCE_EXHAUSTION") return "not YAML: nested too deep";
  if (code === "BAD_DIRECTIVE") return "not YAML: a line that begins with %";
  return `not YAML: ${message.split(/(?<=\w): /u, 1)[0]!}`;
}

class Walker {
  readonly #faults: Faults;
  readonly #anchors = new Map<string, Node>();
  /** Nodes being walked; meeting one again means that it holds itself. */
  readonly #open = new Set<unknown>();
  #budget = maxValues;
  /** Within an alias, anchors are not set again: they may have been redefined since. */
  #withinAlias = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  walk(node: unknown, path: Path, key: number | undefined, at?: number): unknown {
    this.#spend(path);
    const value = at ?? placeOf(node) ?? key ?? (node as Node | null)?.range?.[0] ?? 0;
    this.#faults.place(path, { key, value });
    this.#remember(node);
    if (isAlias(node)) return this.#follow(node, path, key, value);
    if (isScalar(node)) return node.value;
    if (!isMap(node) && !isSeq(node)) return null;
    this.#open.add(node);
    const result = isMap(node)
      ? this.#map(node, path)
      : node.items.map((item, i) => this.walk(item, [...path, i], undefined));
    this.#open.delete(node);
    return result;
  }

  #map(node: YAMLMap, path: Path): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [name, entry] of this.#entries(node, path)) {
      result[name] = this.walk(entry.value, [...path, name], entry.key);
    }
    return result;
  }

  /** The pairs of a mapping, own keys first, then what `<<` brings. */
  #entries(node: YAMLMap, path: Path): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    const merged: unknown[] = [];
    for (const pair of node.items) {
      this.#spend(path);
      if (isMergeKey(pair)) merged.push(pair.value);
      else this.#own(pair, entries, path);
    }
    for (const source of merged.flatMap((value) => (isSeq(value) ? value.items : [value]))) {
      for (const [name, entry] of this.#merge(source, path)) if (!entries.has(name)) entries.set(name, entry);
    }
    return entries;
  }

  #own(pair: Pair, entries: Map<string, Entry>, path: Path): void {
    const key = placeOf(pair.key) ?? 0;
    this.#remember(pair.key);
    const node = isAlias(pair.key) ? this.#anchors.get(pair.key.source) : pair.key;
    if (!isScalar(node)) return this.#faults.atOffset(key, path, "a key must be a plain word");
    // The word may be a secret whose `key:` was lost: it is not told.
    if (pair.value === null) return this.#faults.atOffset(key, path, "a key is followed by a colon and its value");
    const name = String(node.value);
    const first = entries.get(name);
    if (first !== undefined) {
      this.#faults.atOffset(key, [...path, name], `duplicate key; ${this.#faults.whereIs([...path, name])} has it too`);
    } else if (name === "__proto__") {
      this.#faults.atOffset(key, [...path, name], "unknown key");
    } else {
      this.#faults.place([...path, name], { key, value: key });
      entries.set(name, { key, value: pair.value });
    }
  }

  #merge(source: unknown, path: Path): Map<string, Entry> {
    this.#remember(source);
    const node = isAlias(source) ? this.#anchors.get(source.source) : source;
    const at = placeOf(source) ?? 0;
    if (!isMap(node)) {
      this.#faults.atOffset(at, path, isAlias(source) && node === undefined ? noAnchor : "<< takes mappings only");
      return new Map();
    }
    if (this.#open.has(node)) {
      this.#faults.atOffset(at, path, "an alias must not stand inside what it names");
      return new Map();
    }
    this.#open.add(node);
    const entries = this.#entries(node, path);
    this.#open.delete(node);
    return entries;
  }

  #follow(alias: Alias, path: Path, key: number | undefined, at: number): unknown {
    const target = this.#anchors.get(alias.source);
    if (target === undefined || this.#open.has(target)) {
      this.#faults.atOffset(at, path, target === undefined ? noAnchor : "an alias must not stand inside what it names");
      this.#faults.settle(path);
      return undefined;
    }
    this.#withinAlias += 1;
    const value = this.walk(target, path, key, at);
    this.#withinAlias -= 1;
    return value;
  }

  #remember(node: unknown): void {
    const anchored = isScalar(node) || isMap(node) || isSeq(node);
    if (anchored && node.anchor !== undefined && this.#withinAlias === 0) this.#anchors.set(node.anchor, node);
  }

  #spend(path: Path): void {
    this.#budget -= 1;
    if (this.#budget < 0) throw new TooMuchError(`holds more than ${maxValues} values once its aliases are followed`);
    if (path.length > maxDepth) throw new TooMuchError(`is nested more than ${maxDepth} levels deep`);
  }
}

const noAnchor = "no anchor (&…) of this name stands before this alias (*…)";

function isMergeKey(pair: Pair): boolean {
  const key = pair.key as Scalar | null;
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}

/** Where a node begins; undefined for a value that is left out. */
function placeOf(node: unknown): number | undefined {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return undefined;
  if (isScalar(node) && node.value === null && node.source === "") return undefined;
  return node.range?.[0];
}
