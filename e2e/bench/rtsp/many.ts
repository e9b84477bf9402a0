// Several cameras watched at once: first picture, memory, CPU and added latency of all.

import { usualRate, type Bench } from "./bench.ts";
import { load, type Load } from "./measures.ts";
import { memoryPromise, promised } from "./modes.ts";
import { limitRow, ratioRow } from "./report.ts";
import type { System } from "./systems.ts";

export async function measureMany(bench: Bench): Promise<void> {
  const { mode, baseline, ours } = bench;
  const cameras = Array.from({ length: Math.max(...mode.streams) }, (_value, index) => index);
  // Once unmeasured, as with one camera: its size is then known.
  for (const system of [baseline, ours]) await loadOnce(bench, system, cameras, 0);
  for (const count of mode.streams) {
    const taken = { baseline: [] as Load[], ours: [] as Load[] };
    for (let round = 0; round < mode.streamRounds; round += 1) {
      const order = round % 2 === 0 ? [baseline, ours] : [ours, baseline];
      for (const system of order) {
        const one = await loadOnce(bench, system, cameras.slice(0, count), mode.costMs);
        taken[system === baseline ? "baseline" : "ours"].push(one);
      }
    }
    addRows(bench, count, taken);
  }
}

async function loadOnce(bench: Bench, system: System, cameras: readonly number[], forMs: number): Promise<Load> {
  const { camera, ours } = bench;
  const beside = system === ours ? [ours.gatewayPid] : [];
  const taken = await load(system, cameras, { forMs, cameraUrl: camera.url, beside });
  for (const index of cameras) await system.idle(index);
  return taken;
}

function addRows({ report, plan }: Bench, count: number, taken: Readonly<Record<"baseline" | "ours", Load[]>>): void {
  const pick = (of: (one: Load) => number | readonly number[]): { baseline: number[]; ours: number[] } => ({
    baseline: taken.baseline.flatMap(of),
    ours: taken.ours.flatMap(of),
  });
  const at = `${count === 1 ? "1 stream" : `${count} streams`}, ${plan.size} at ${usualRate}/s`;
  const starts = pick(({ startsMs }) => startsMs);
  report.add(ratioRow({ what: `first picture at once, ${at}`, ...starts, unit: "ms" }));
  const atLeast = count === 4 ? memoryPromise : undefined;
  report.add(ratioRow({ what: `memory (PSS), ${at}`, ...pick(({ memory }) => memory), unit: "MiB", atLeast }));
  const alone = pick(({ memoryAlone }) => memoryAlone);
  report.add(ratioRow({ what: `memory as if alone, ${at}`, ...alone, unit: "MiB" }));
  const cpu = pick(({ cpuPerStream }) => cpuPerStream);
  const cpuPromise = count === 1 ? promised.cpu[usualRate] : undefined;
  report.add(ratioRow({ what: `CPU of each, ${at}`, ...cpu, unit: "cores", atLeast: cpuPromise }));
  const delays = pick(({ delaysMs }) => delaysMs);
  const delayPromise = count === 1 && plan.size === "1280x720" ? promised.latency[usualRate] : undefined;
  report.add(ratioRow({ what: `added latency, ${at}`, ...delays, unit: "ms", atLeast: delayPromise }));
  for (const { besideMemory, besideCpu } of taken.ours.slice(-1)) {
    const what = "  the gateway beside ours, in no row above";
    report.add(limitRow({ what, value: besideMemory, unit: "MiB", detail: `${besideCpu.toFixed(3)} cores` }));
  }
}
