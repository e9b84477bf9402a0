// How long a bench will take, from what one turn of each part took on two cores.

import type { Mode, Part, SizePlan } from "./modes.ts";

/** Seconds for both systems together, each time with its way back to idle. */
const turn = { start: 7, standby: 7, latency: 22, cost: 20, load: 45 } as const;

/** Seconds of a part that is measured once. */
const once: Readonly<Partial<Record<Part, number>>> = {
  held: 35,
  sub: 40,
  stall: 60,
  drop: 35,
  refuse: 45,
  encoder: 100,
  server: 15,
  away: 65,
  left: 50,
};

/** Seconds, roughly. */
export function estimate(mode: Mode, wanted: ReadonlySet<Part>): number {
  const sizes = mode.sizes.map(
    (plan) => 5 + plan.rates.reduce((sum, rate) => sum + atRate(mode, wanted, plan, rate), 0),
  );
  const single = [...wanted].map((part) => once[part] ?? 0);
  const memory = wanted.has("memory") ? mode.streams.length * mode.streamRounds * turn.load + 30 : 0;
  const snapshot = wanted.has("snapshot") ? 15 + mode.snapshots * 0.5 : 0;
  return [...sizes, ...single, memory, snapshot].reduce((sum, part) => sum + part, 0);
}

function atRate(mode: Mode, wanted: ReadonlySet<Part>, plan: SizePlan, rate: number): number {
  const isUsual = rate === 15;
  const taken: Readonly<Partial<Record<Part, number>>> = {
    start: (isUsual ? plan.manyStarts : plan.starts) * turn.start,
    standby: isUsual ? plan.starts * turn.standby + 8 : 0,
    join: 20 + plan.joins * 2.7,
    latency: mode.latencyRounds * (turn.latency + (2 * mode.latencyMs) / 1000 - 12),
    cost: mode.costRounds * (turn.cost + (2 * mode.costMs) / 1000 - 16),
  };
  const sum = Object.entries(taken).reduce((all, [part, seconds]) => all + (wanted.has(part as Part) ? seconds : 0), 0);
  // Before the first part at a rate one start of each goes unmeasured.
  return sum === 0 ? 0 : sum + turn.start;
}
