// The parts that are measured at every size and rate, and their rows.

import { setTimeout as wait } from "node:timers/promises";
import { inTurns, usualRate, type Bench } from "./bench.ts";
import { coldStart, cost, joins, latencies, type Cost } from "./measures.ts";
import { joinPromise, promised, worstStartPart, type RatePart } from "./modes.ts";
import { limitRow, ratioRow, spread } from "./report.ts";

type Measured = (bench: Bench, rate: number) => Promise<void>;

/** A changed inventory is read again within two seconds, and a spare encoder needs a moment. */
const configuredMs = 4000;

export const ratePartOf: Readonly<Record<RatePart, Measured>> = {
  start: measureStart,
  standby: measureStandby,
  join: measureJoin,
  latency: measureLatency,
  cost: measureCost,
};

/** Once unmeasured: the camera's size is then known to ours, and the programs are in the page cache. */
export async function warmUp(bench: Bench): Promise<void> {
  await inTurns(bench, 1, async (system) => coldStart(system, 0));
}

function placeOf({ plan }: Bench, rate: number): string {
  return `${plan.size} at ${rate}/s`;
}

/** Why there may be more than one: `brisk` in rtsp-bridge/src/streams/lane.ts. */
function helpOf(rate: number): string {
  return rate < 1.4 ? "below 1.4/s they help a viewer for its first 3 s" : "";
}

function promiseFor(table: Readonly<Record<number, number>>, rate: number): number | undefined {
  return table[rate];
}

async function measureStart(bench: Bench, rate: number): Promise<void> {
  const { plan, report } = bench;
  const times = rate === usualRate ? plan.manyStarts : plan.starts;
  const values = await inTurns(bench, times, async (system) => coldStart(system, 0));
  const what = `first picture, ${placeOf(bench, rate)}, ${times} times`;
  report.add(ratioRow({ what, ...values, unit: "ms", atLeast: promiseFor(promised.start, rate) }));
  if (times === plan.starts) return;
  report.add(
    limitRow({
      what: `the worst of these ${times}`,
      value: spread(values.ours).worst,
      unit: "ms",
      atMost: spread(values.baseline).p50 * worstStartPart,
      detail: "promised: 400 ms where the baseline's median is 450",
    }),
  );
}

async function measureStandby(bench: Bench, rate: number): Promise<void> {
  if (rate !== usualRate || bench.plan !== bench.mode.sizes[0]) return;
  await bench.ours.configure({ standby: true });
  await wait(configuredMs);
  const values = await inTurns(bench, bench.plan.starts, async (system) => coldStart(system, 0));
  const what = `first picture with standby, ${placeOf(bench, rate)}`;
  bench.report.add(ratioRow({ what, ...values, unit: "ms", atLeast: promiseFor(promised.standby, rate) }));
  await bench.ours.configure({});
  await wait(configuredMs);
}

async function measureJoin(bench: Bench, rate: number): Promise<void> {
  const { plan, report, ours } = bench;
  const before = await ours.repeated(0);
  const values = await inTurns(bench, 1, async (system) => joins(system, 0, plan.joins));
  const repeated = (await ours.repeated(0)) - before;
  const [baseline, own] = [values.baseline.flat(), values.ours.flat()];
  const what = `joining, ${placeOf(bench, rate)}, ${plan.joins} times`;
  report.add(ratioRow({ what, baseline, ours: own, unit: "ms", atLeast: joinPromise }));
  const value = repeated / (plan.joins + 1);
  const detail = helpOf(rate);
  report.add(limitRow({ what: "  repeated pictures per viewer that came", value, unit: "", atMost: 1, detail }));
}

async function measureLatency(bench: Bench, rate: number): Promise<void> {
  const { mode, camera, report } = bench;
  const values = await inTurns(bench, mode.latencyRounds, async (system) =>
    latencies(system, 0, camera.url, mode.latencyMs),
  );
  const delays = (runs: typeof values.ours): number[] => runs.flatMap(({ delaysMs }) => delaysMs);
  const repeated = (runs: typeof values.ours): number => runs.reduce((sum, run) => sum + run.repeated, 0);
  const isPromised = bench.plan.size === "1280x720";
  report.add(
    ratioRow({
      what: `added latency, ${placeOf(bench, rate)}`,
      baseline: delays(values.baseline),
      ours: delays(values.ours),
      unit: "ms",
      atLeast: isPromised ? promiseFor(promised.latency, rate) : undefined,
    }),
  );
  report.add(
    limitRow({
      what: "  repeated pictures among those a viewer saw live",
      value: repeated(values.ours),
      unit: "",
      atMost: 0,
      baseline: repeated(values.baseline),
    }),
  );
}

async function measureCost(bench: Bench, rate: number): Promise<void> {
  const { mode, report, ours } = bench;
  const values = await inTurns(bench, mode.costRounds, async (system) =>
    cost(system, 0, mode.costMs, async () => (system === ours ? ours.repeated(0) : 0)),
  );
  const pick = (key: keyof Cost, by = 1): { baseline: number[]; ours: number[] } => ({
    baseline: values.baseline.map((value) => value[key] / by),
    ours: values.ours.map((value) => value[key] / by),
  });
  const at = placeOf(bench, rate);
  report.add(ratioRow({ what: `CPU, ${at}`, ...pick("cpu"), unit: "cores", atLeast: promiseFor(promised.cpu, rate) }));
  report.add(ratioRow({ what: `memory, ${at}`, ...pick("memory"), unit: "MiB" }));
  report.add(ratioRow({ what: `bitrate, ${at}`, ...pick("bitsPerSecond", 1000), unit: "kbit/s" }));
  report.add(ratioRow({ what: `pictures, ${at}`, ...pick("picturesPerSecond"), unit: "/s" }));
  const repeats = pick("repeated").ours;
  const live = pick("repeatedLive").ours;
  const letIn = { value: spread(repeats).worst, atMost: 1, detail: helpOf(rate) };
  report.add(limitRow({ what: "  repeated to let a viewer in, the most", unit: "", ...letIn }));
  report.add(limitRow({ what: "  repeated while live, the most", value: spread(live).worst, unit: "", atMost: 0 }));
}
