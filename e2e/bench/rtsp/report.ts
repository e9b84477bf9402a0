// The bench's results, line by line: what was measured, what is promised of it, and whether that is
// met. Measures nothing. The promises themselves: ./modes.ts and where a part is measured.

import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly worst: number;
}

export interface Row {
  readonly what: string;
  /** The figure that counts, in words. */
  readonly figure: string;
  /** Absent where nothing is promised. */
  readonly promise?: { readonly words: string; readonly met: boolean };
  /** What else is worth knowing. */
  readonly detail: string;
  /** The same in numbers. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The median is the mean of the two in the middle where there are two. No value: NaN. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (index: number): number => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    p50: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    p95: at(Math.ceil(sorted.length * 0.95) - 1),
    worst: at(sorted.length - 1),
  };
}

export interface Comparison {
  readonly what: string;
  readonly baseline: readonly number[];
  readonly ours: readonly number[];
  readonly unit: string;
  /** What baseline ÷ ours is promised to be. */
  readonly atLeast?: number | undefined;
}

/** Ratio of the medians, then p50, p95 and worst of both. */
export function ratioRow({ what, baseline, ours, unit, atLeast }: Comparison): Row {
  const [theirs, own] = [spread(baseline), spread(ours)];
  const ratio = theirs.p50 / own.p50;
  const words = ({ p50, p95, worst }: Spread): string =>
    [p50, p95, worst].map((value) => value.toFixed(digitsOf(unit))).join(" / ");
  return {
    what,
    figure: `${ratio.toFixed(2)} ×`,
    ...(atLeast === undefined ? {} : { promise: { words: `≥ ${atLeast} ×`, met: ratio >= atLeast } }),
    detail: `${words(theirs)}  :  ${words(own)} ${unit}`,
    data: { unit, ratio, atLeast, baseline: { ...theirs, values: baseline }, ours: { ...own, values: ours } },
  };
}

export interface Figure {
  readonly what: string;
  /** undefined: it never came to that. */
  readonly value: number | undefined;
  readonly unit: string;
  readonly atMost?: number | undefined;
  readonly baseline?: number | undefined;
  readonly detail?: string;
}

/** A figure of ours with its limit. */
export function limitRow({ what, value, unit, atMost, baseline, detail = "" }: Figure): Row {
  const digits = digitsOf(unit);
  const words = (number: number): string =>
    unit === "" ? String(Number(number.toFixed(digits))) : `${number.toFixed(digits)} ${unit}`;
  const theirs = baseline === undefined ? "" : `baseline ${words(baseline)}`;
  const promise =
    atMost === undefined
      ? {}
      : {
          promise: {
            words: `≤ ${Number(atMost.toFixed(digits))} ${unit}`.trim(),
            met: value !== undefined && value <= atMost,
          },
        };
  return {
    what,
    figure: value === undefined ? "never" : words(value),
    ...promise,
    detail: [theirs, detail].filter((part) => part !== "").join(", "),
    data: { unit, ours: value ?? null, atMost, baseline },
  };
}

/** One line of the table. */
function lineOf({ what, figure, promise, detail }: Row): string {
  const verdict = promise === undefined ? "no promise" : `${promise.words} ${promise.met ? "met" : "MISSED"}`;
  return `${what.padEnd(56)} ${figure.padEnd(13)} ${verdict.padEnd(18)} ${detail}`.trimEnd();
}

function digitsOf(unit: string): number {
  return { ms: 0, cores: 3, s: 2 }[unit] ?? 1;
}

/** Prints each row as it comes, and keeps all of them in a file where one is named. */
export class Report {
  readonly #rows: Row[] = [];
  /** Parts that could not be measured, and why. */
  readonly #failed: string[] = [];
  readonly #file: string | undefined;
  readonly #begun = {
    startedAt: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version, load: loadavg() },
  };

  /** @throws Error when nothing can be written there: better now than after an hour */
  constructor(file: string | undefined) {
    this.#file = file;
    this.#save();
  }

  say(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /** Names the columns. */
  heading(of: string): void {
    this.say(`\n${of.padEnd(56)} ${"ours".padEnd(13)} ${"promise".padEnd(18)} baseline p50 / p95 / worst  :  ours`);
  }

  add(row: Row): void {
    this.#rows.push(row);
    this.say(lineOf(row));
    this.#save();
  }

  /** Prints that this was not measured. */
  failed(what: string, error: unknown): void {
    this.#failed.push(`${what}: ${String(error)}`);
    this.say(`${what.padEnd(56)} not measured: ${String(error)}`);
    this.#save();
  }

  /** The last line. */
  sum(): void {
    const { met, missed } = this.#count();
    const failed = this.#failed.length === 0 ? "" : `; parts not measured: ${this.#failed.length}`;
    this.say(`\npromises: ${met} met, ${missed} missed${failed}`);
    this.#save();
  }

  #count(): { met: number; missed: number } {
    const promised = this.#rows.flatMap(({ promise }) => promise ?? []);
    const met = promised.filter((promise) => promise.met).length;
    return { met, missed: promised.length - met };
  }

  /** After every row, so that an interrupted bench leaves what it has. */
  #save(): void {
    if (this.#file === undefined) return;
    const rows = this.#rows.map(({ what, promise, data }) => ({ what, ...data, promise: promise ?? null }));
    const all = { ...this.#begun, ...this.#count(), failed: this.#failed, rows };
    writeFileSync(this.#file, `${JSON.stringify(all, undefined, 2)}\n`);
  }
}
