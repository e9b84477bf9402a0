// How much is measured, and what is promised of it. Numbers of repetitions are chosen so that all of
// it takes an hour: many where a single value may be far off, few where values hardly differ.

import { parseArgs } from "node:util";

/** What is measured at each size and rate. */
export const rateParts = ["start", "standby", "join", "latency", "cost"] as const;
/** What is measured once, at the first size and 15 pictures a second. */
export const singleParts = ["held", "sub", "memory", "snapshot"] as const;
/** The lines of the fault table. `--only faults` is all of them. */
export const faultParts = ["stall", "drop", "refuse", "encoder", "server", "away", "left"] as const;

const parts = [...rateParts, ...singleParts, ...faultParts] as const;
export type Part = (typeof parts)[number];
export type RatePart = (typeof rateParts)[number];

/** At one size of the camera. */
export interface SizePlan {
  readonly size: string;
  readonly rates: readonly number[];
  readonly starts: number;
  /** Where the worst start is of interest, at 15 pictures a second. */
  readonly manyStarts: number;
  readonly joins: number;
}

export interface Mode {
  readonly sizes: readonly SizePlan[];
  readonly latencyRounds: number;
  readonly latencyMs: number;
  readonly costRounds: number;
  readonly costMs: number;
  readonly snapshots: number;
  readonly streams: readonly number[];
  readonly streamRounds: number;
}

const short: Mode = {
  sizes: [{ size: "1280x720", rates: [5, 15], starts: 5, manyStarts: 5, joins: 6 }],
  latencyRounds: 1,
  latencyMs: 6000,
  costRounds: 2,
  costMs: 8000,
  snapshots: 10,
  streams: [4],
  streamRounds: 1,
};

const full: Mode = {
  sizes: [
    { size: "1280x720", rates: [2, 5, 10, 15, 30], starts: 12, manyStarts: 50, joins: 16 },
    { size: "640x360", rates: [5, 15], starts: 8, manyStarts: 8, joins: 8 },
    { size: "1920x1080", rates: [5, 15], starts: 8, manyStarts: 8, joins: 8 },
  ],
  latencyRounds: 2,
  latencyMs: 10_000,
  costRounds: 3,
  costMs: 8000,
  snapshots: 40,
  streams: [1, 4, 8],
  streamRounds: 2,
};

/** Without `--full`: what says most for its time. */
const shortParts: readonly Part[] = ["start", "join", "latency", "cost", "held", "memory", "snapshot", ...faultParts];

/** What baseline ÷ ours is promised to be, by the camera's rate. */
export const promised = {
  start: { 2: 7, 5: 3.7, 10: 2.2, 15: 1.7, 30: 1.2 },
  standby: { 15: 6 },
  latency: { 2: 24, 5: 9, 10: 4.6, 15: 3.2, 30: 2 },
  cpu: { 2: 3, 5: 2, 10: 1.4, 15: 1.25 },
} as const satisfies Record<string, Readonly<Record<number, number>>>;

export const joinPromise = 10;
/** Of four cameras. */
export const memoryPromise = 1;
/** The worst of many cold starts, as a part of the baseline's median: 400 ms where that is 450 ms. */
export const worstStartPart = 400 / 450;

export interface Choice {
  readonly mode: Mode;
  readonly wanted: ReadonlySet<Part>;
  readonly jsonFile: string | undefined;
}

/** @throws Error for a word that is not known */
export function readChoice(args: readonly string[]): Choice {
  const { values } = parseArgs({
    args: [...args],
    options: {
      full: { type: "boolean", default: false },
      only: { type: "string" },
      rates: { type: "string" },
      size: { type: "string" },
      json: { type: "string" },
    },
  });
  const mode = values.full ? full : short;
  const usual = values.full ? parts : shortParts;
  return {
    mode: { ...mode, sizes: plansOf(mode, values) },
    wanted: new Set(values.only === undefined ? usual : values.only.split(",").flatMap(partsOf)),
    jsonFile: values.json,
  };
}

interface Narrowed {
  readonly size?: string | undefined;
  readonly rates?: string | undefined;
}

/** @throws Error for a size or a rate that is none */
function plansOf({ sizes }: Mode, { size, rates }: Narrowed): readonly SizePlan[] {
  const sized = sizes.filter((plan) => plan.size === size);
  const [first] = sizes;
  const unknown = size === undefined || first === undefined || sized.length > 0 ? [] : [{ ...first, size }];
  const plans = size === undefined ? sizes : [...sized, ...unknown];
  if (plans.some((plan) => !/^\d+x\d+$/u.test(plan.size))) throw new Error(`--size: ${size} is none such as 1280x720`);
  if (rates === undefined) return plans;
  const chosen = rates.split(",").map(Number);
  if (chosen.some((rate) => !(rate >= 1 && rate <= 60))) throw new Error(`--rates: ${rates} is no list such as 5,15`);
  return plans.map((plan) => ({ ...plan, rates: chosen }));
}

/** @throws Error for a name that is none */
function partsOf(name: string): readonly Part[] {
  if (name === "faults") return faultParts;
  const part = parts.find((known) => known === name);
  if (part === undefined) throw new Error(`--only: ${name} is none of ${parts.join(", ")}, faults`);
  return [part];
}
