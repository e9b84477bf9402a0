// `make bench-rtsp`: the RTSP bridge beside the command that most people paste, on one simulated
// camera, in turns. Not a test: it asserts nothing. `--full` takes hours, else some minutes.

import { parseArgs } from "node:util";
import { descendants } from "../../scenarios/harness/processes.ts";
import { BenchCamera } from "./camera.ts";
import { faultTable } from "./faults.ts";
import { heading, rowLine, say } from "./figures.ts";
import { coldStart, cost, heldPart, joins, latencies, load, subPart, type Cost, type Load } from "./measures.ts";
import { Baseline, kill, Ours, type System } from "./systems.ts";

interface Mode {
  readonly rates: readonly number[];
  readonly starts: number;
  /** Where the worst start is of interest: at the first size and 15 pictures a second. */
  readonly manyStarts: number;
  readonly joins: number;
  readonly latencyMs: number;
  readonly costRounds: number;
  readonly costMs: number;
  readonly sizes: readonly string[];
  readonly streams: readonly number[];
}

const short: Mode = {
  rates: [5, 15],
  starts: 5,
  manyStarts: 5,
  joins: 8,
  latencyMs: 6000,
  costRounds: 2,
  costMs: 8000,
  sizes: ["1280x720"],
  streams: [4],
};
const full: Mode = {
  rates: [2, 5, 10, 15, 30],
  starts: 15,
  manyStarts: 50,
  joins: 25,
  latencyMs: 20_000,
  costRounds: 3,
  costMs: 15_000,
  sizes: ["1280x720", "640x360", "1920x1080"],
  streams: [1, 4, 8],
};

/** What the bridge promises, by the camera's rate. */
const promised = {
  start: { 2: 7, 5: 3.7, 10: 2.2, 15: 1.7, 30: 1.2 },
  latency: { 2: 24, 5: 9, 10: 4.6, 15: 3.2, 30: 2 },
  cpu: { 2: 3, 5: 2, 10: 1.4, 15: 1.25 },
} as const satisfies Record<string, Readonly<Record<number, number>>>;

const parts = ["start", "standby", "join", "latency", "cost", "held", "sub", "memory", "faults"] as const;
type Part = (typeof parts)[number];

interface Bench {
  readonly mode: Mode;
  readonly camera: BenchCamera;
  readonly baseline: Baseline;
  readonly ours: Ours;
}

function promise(table: Readonly<Record<number, number>>, rate: number): { atLeast?: number } {
  const atLeast = table[rate];
  return atLeast === undefined ? {} : { atLeast };
}

/** Measures both in turns, the first being another one each time. */
async function inTurns<Value>(
  { baseline, ours }: Bench,
  rounds: number,
  measure: (system: System) => Promise<Value>,
): Promise<{ readonly baseline: Value[]; readonly ours: Value[] }> {
  const values = { baseline: [] as Value[], ours: [] as Value[] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [baseline, ours] : [ours, baseline];
    for (const system of order) {
      values[system === baseline ? "baseline" : "ours"].push(await measure(system));
      await Promise.all([baseline.idle(0), ours.idle(0)]);
    }
  }
  return values;
}

async function measureRate(bench: Bench, rate: number, wanted: ReadonlySet<Part>, size: string): Promise<void> {
  const { mode, camera } = bench;
  await camera.fault("rate-change", { fps: rate });
  const at = `${size} at ${rate}/s`;
  // Once unmeasured: the camera is then known, and the programs are in the page cache.
  await inTurns(bench, 1, async (system) => coldStart(system, 0));
  if (wanted.has("start")) {
    const starts = rate === 15 && size === mode.sizes[0] ? mode.manyStarts : mode.starts;
    const values = await inTurns(bench, starts, async (system) => coldStart(system, 0));
    say(
      rowLine({
        what: `first picture, ${at}, ${starts} times`,
        ...values,
        unit: "ms",
        ...promise(promised.start, rate),
      }),
    );
  }
  if (wanted.has("standby")) {
    await bench.ours.configure({ standby: true });
    await until2s();
    const values = await inTurns(bench, mode.starts, async (system) => coldStart(system, 0));
    const atLeast = rate === 15 ? { atLeast: 6 } : {};
    say(rowLine({ what: `first picture with standby, ${at}`, ...values, unit: "ms", ...atLeast }));
    await bench.ours.configure({});
    await until2s();
  }
  if (wanted.has("join")) {
    const { baseline, ours } = await inTurns(bench, 1, async (system) => joins(system, 0, mode.joins));
    const row = { baseline: baseline.flat(), ours: ours.flat(), unit: "ms", atLeast: 10 };
    say(rowLine({ what: `joining, ${at}`, ...row }));
  }
  if (wanted.has("latency")) {
    const values = await inTurns(bench, 2, async (system) => latencies(system, 0, camera.url, mode.latencyMs));
    const row = { baseline: values.baseline.flat(), ours: values.ours.flat(), unit: "ms" };
    say(rowLine({ what: `added latency, ${at}`, ...row, ...promise(promised.latency, rate) }));
  }
  if (wanted.has("cost")) await measureCost(bench, rate, at);
}

async function measureCost(bench: Bench, rate: number, at: string): Promise<void> {
  const { mode, ours } = bench;
  const repeatedBefore = await ours.repeated(0);
  const values = await inTurns(bench, mode.costRounds, async (system) => cost(system, 0, mode.costMs));
  const repeated = (await ours.repeated(0)) - repeatedBefore;
  const pick = (key: keyof Cost, by = 1): { baseline: number[]; ours: number[] } => ({
    baseline: values.baseline.map((value) => value[key] / by),
    ours: values.ours.map((value) => value[key] / by),
  });
  say(rowLine({ what: `CPU, ${at}`, ...pick("cpu"), unit: "cores", ...promise(promised.cpu, rate) }));
  say(rowLine({ what: `bitrate, ${at}`, ...pick("bitsPerSecond", 1000), unit: "kbit/s" }));
  say(rowLine({ what: `pictures, ${at}`, ...pick("picturesPerSecond"), unit: "/s" }));
  say(`  ours repeated ${repeated} pictures in ${mode.costRounds} sessions`);
}

async function measureHeld({ mode, camera, ours }: Bench): Promise<void> {
  await camera.fault("rate-change", { fps: 15 });
  const part = await heldPart(ours, camera, mode.costMs);
  say(`ours: the held picture of a dead camera costs ${(part * 100).toFixed(1)} % of the live CPU (≤ 5)`);
  await ours.idle(0);
}

async function until2s(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 4000));
}

async function measureSub({ mode, camera, ours }: Bench): Promise<void> {
  await camera.fault("rate-change", { fps: 15 });
  const part = await subPart(ours, mode.costMs);
  say(`ours: both streams of a camera take ${part.toFixed(2)} times the CPU of the first alone`);
  await ours.idle(0);
}

async function measureMany(bench: Bench, size: string): Promise<void> {
  const { mode, camera, baseline, ours } = bench;
  await camera.fault("rate-change", { fps: 15 });
  for (const count of mode.streams) {
    const cameras = Array.from({ length: count }, (_value, index) => index);
    const one = async (system: System): Promise<Load> => {
      const taken = await load(system, cameras, mode.costMs);
      for (const index of cameras) await system.idle(index);
      return taken;
    };
    const [theirs, own] = [await one(baseline), await one(ours)];
    const at = `${count} streams, ${size} at 15/s`;
    const memory = { baseline: [theirs.memory], ours: [own.memory], unit: "MiB" };
    say(rowLine({ what: `memory, ${at}`, ...memory, ...(count === 4 ? { atLeast: 1 } : {}) }));
    const cpu = { baseline: [theirs.cpuPerStream], ours: [own.cpuPerStream], unit: "cores" };
    say(rowLine({ what: `CPU of each, ${at}`, ...cpu, ...promise(promised.cpu, 15) }));
  }
}

function sizeOf(text: string): { width: number; height: number } {
  const [width = 0, height = 0] = text.split("x").map(Number);
  return { width, height };
}

/** Interrupted: nothing that was started stays. */
async function giveUp(): Promise<void> {
  for (const { pid } of await descendants(process.pid)) kill(pid);
  process.exit(130);
}

/** Without `--full` those that say most for their time. */
function defaultParts(isFull: boolean): readonly Part[] {
  return isFull ? parts : parts.filter((part) => part !== "standby" && part !== "sub");
}

/** @throws Error for a name that is none */
function partOf(name: string): Part {
  const part = parts.find((known) => known === name);
  if (part === undefined) throw new Error(`--only: ${name} is none of ${parts.join(", ")}`);
  return part;
}

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    only: { type: "string" },
    rates: { type: "string" },
    size: { type: "string" },
  },
});
const chosen = values.full ? full : short;
const mode: Mode = {
  ...chosen,
  ...(values.rates === undefined ? {} : { rates: values.rates.split(",").map(Number) }),
  ...(values.size === undefined ? {} : { sizes: [values.size] }),
};
const wanted = new Set(values.only === undefined ? defaultParts(values.full) : values.only.split(",").map(partOf));

// The systems have groups of their own: Ctrl-C and a time limit reach this process alone.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => void giveUp());

for (const size of mode.sizes) {
  await using camera = await BenchCamera.start(sizeOf(size));
  const cameras = Array.from({ length: Math.max(...mode.streams) }, () => camera.url);
  await using baseline = await Baseline.start(cameras);
  await using ours = await Ours.start(cameras);
  const bench: Bench = { mode, camera, baseline, ours };
  say(heading);
  for (const rate of mode.rates) await measureRate(bench, rate, wanted, size);
  if (wanted.has("held")) await measureHeld(bench);
  if (wanted.has("sub")) await measureSub(bench);
  if (wanted.has("memory")) await measureMany(bench, size);
  if (wanted.has("faults") && size === mode.sizes[0]) await faultTable(bench);
}
