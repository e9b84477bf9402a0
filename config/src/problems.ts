// Every fault of an inventory at once, each with where it stands and what is legal there.
// Not here: what counts as a fault. Places come from the YAML reader (./yaml-tree.ts).

export interface Problem {
  /** Base name of the file. */
  readonly file: string;
  /** Counted from 1; 1:1 where a fault has no place of its own. */
  readonly line: number;
  readonly column: number;
  /** `printers[2].connection.hots`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** Keys and list positions from the top of the file. */
export type Path = readonly (string | number)[];

/** Offsets in UTF-16 units from the start of the text. A list item has no key. */
interface Place {
  readonly key: number | undefined;
  readonly value: number;
}

/** Counted from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** More than this are counted, not listed: a file of the wrong kind would fill the log. */
const maxListed = 100;

/** `printers.yaml:14:7 printers[2].connection.hots: unknown key; did you mean host?` */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === "" ? `${place} ${problem.message}` : `${place} ${problem.path}: ${problem.message}`;
}

/**
 * `["printers", 2, "connection"]` → `printers[2].connection`. An odd key is told up to its first odd
 * character: behind a lost quote or brace it may hold a secret.
 */
function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\p{L}_][\p{L}\p{N}_-]{0,63}$/u.test(step)) text += text === "" ? step : `.${step}`;
    else text += `["${/^[\p{L}\p{N}_-]{0,63}/u.exec(step)?.[0] ?? ""}…"]`;
  }
  return text;
}

/** A path as the key of a map or set. */
export function pathKey(path: Path): string {
  return JSON.stringify(path);
}

/** The faults of one file as they are found, and where each path stands in it. */
export class Faults {
  readonly file: string;
  readonly #positionOf: (offset: number) => Position;
  readonly #places = new Map<string, Place>();
  readonly #settled = new Set<string>();
  readonly #found: Problem[] = [];

  constructor(file: string, positionOf: (offset: number) => Position) {
    this.file = file;
    this.#positionOf = positionOf;
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  place(path: Path, place: Place): void {
    this.#places.set(pathKey(path), place);
  }

  /** From now on `path` stands where `other` stands. */
  placeAs(path: Path, other: Path): void {
    const place = this.#places.get(pathKey(other));
    if (place !== undefined) this.#places.set(pathKey(path), place);
  }

  /** What is found at `path` later on follows from a fault already told, and is not told. */
  settle(path: Path): void {
    this.#settled.add(pathKey(path));
  }

  isSettled(path: Path): boolean {
    return path.some((_, index) => this.#settled.has(pathKey(path.slice(0, index + 1))));
  }

  atOffset(offset: number, path: Path, message: string): void {
    this.#found.push({ file: this.file, ...this.#positionOf(offset), path: formatPath(path), message });
  }

  atKey(path: Path, message: string): void {
    const place = this.#places.get(pathKey(path));
    this.atOffset(place?.key ?? place?.value ?? 0, path, message);
  }

  /** Points at the value; at the nearest parent when there is none. */
  atValue(path: Path, message: string): void {
    const place = this.#places.get(pathKey(path));
    if (place !== undefined) return this.atOffset(place.value, path, message);
    let parent: Place | undefined;
    for (let end = path.length - 1; end >= 0 && parent === undefined; end--) {
      parent = this.#places.get(pathKey(path.slice(0, end)));
    }
    this.atOffset(parent?.key ?? parent?.value ?? 0, path, message);
  }

  /** `printers.yaml:14:7` of a value. */
  whereIs(path: Path): string {
    const { line, column } = this.#positionOf(this.#places.get(pathKey(path))?.value ?? 0);
    return `${this.file}:${line}:${column}`;
  }

  /** In the order of the file, each once, with `rewrite` applied to what is said. */
  list(rewrite: (text: string) => string): readonly Problem[] {
    const byPlace = this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const unique = new Map(
      byPlace.map((found) => {
        const problem = { ...found, message: rewrite(found.message) };
        return [formatProblem(problem), problem];
      }),
    );
    const all = [...unique.values()];
    if (all.length <= maxListed) return all;
    const more = { ...all[maxListed]!, path: "", message: `and ${all.length - maxListed} more faults` };
    return [...all.slice(0, maxListed), more];
  }
}
