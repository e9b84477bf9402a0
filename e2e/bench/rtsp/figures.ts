// Numbers of a bench into lines. Ratios stand first: absolute times say more about the machine.

interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly worst: number;
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
  return { p50: at(0.5), p95: at(0.95), worst: sorted.at(-1) ?? NaN };
}

export interface Row {
  readonly what: string;
  readonly baseline: readonly number[];
  readonly ours: readonly number[];
  readonly unit: string;
  /** What the ratio baseline ÷ ours should be at least, where something was promised. */
  readonly atLeast?: number;
}

/** One line: the ratio of the medians, then p50, p95 and worst of both. */
export function rowLine({ what, baseline, ours, unit, atLeast }: Row): string {
  const [theirs, own] = [spread(baseline), spread(ours)];
  const ratio = theirs.p50 / own.p50;
  const verdict = atLeast === undefined ? "" : ratio >= atLeast ? ` (≥ ${atLeast})` : ` (below ${atLeast})`;
  const digits = unit === "ms" ? 0 : unit === "cores" ? 3 : 1;
  const words = ({ p50, p95, worst }: Spread): string =>
    [p50, p95, worst].map((value) => value.toFixed(digits)).join(" / ");
  return `${what.padEnd(46)} ${(ratio.toFixed(2) + verdict).padEnd(18)} ${words(theirs)}  :  ${words(own)} ${unit}`;
}

export const heading = `${"baseline ÷ ours, by medians".padEnd(46)} ${"ratio".padEnd(18)} baseline p50 / p95 / worst  :  ours`;

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
