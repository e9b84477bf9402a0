// Every fault of an inventory at once, each with where it stands and what is legal there.

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

/** `printers.yaml:14:7 printers[2].connection.hots: unknown key; did you mean host?` */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === "" ? `${place} ${problem.message}` : `${place} ${problem.path}: ${problem.message}`;
}
