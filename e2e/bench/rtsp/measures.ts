// What is measured of both systems while the camera is well. Each function measures one of them
// once; who calls takes turns, so that a busy moment of the machine meets both.

import { setTimeout as wait } from "node:timers/promises";
import { tap, type BenchCamera } from "./camera.ts";
import { cpuDuring, memoryAloneOf, memoryOf } from "./costs.ts";
import { decode } from "./decode.ts";
import { Reader, type Arrival } from "./reader.ts";
import type { System } from "./systems.ts";

/** From nobody watching to the first whole key picture, ms. */
export async function coldStart(system: System, camera: number): Promise<number> {
  await system.idle(camera);
  // Starts must not fall into step with the camera's pictures.
  await wait(Math.random() * 500);
  await using reader = await Reader.open(system.url(camera));
  // Awaited here: leaving the block ends the session.
  const firstMs = await reader.firstPicture();
  return firstMs;
}

/** From a second viewer's connection to its first key picture, ms, `times` times beside a first one. */
export async function joins(system: System, camera: number, times: number): Promise<number[]> {
  await using first = await Reader.open(system.url(camera));
  await first.firstPicture();
  await wait(4000);
  const results: number[] = [];
  for (let time = 0; time < times; time += 1) {
    await wait(300 + Math.random() * 1000);
    await using second = await Reader.open(system.url(camera));
    results.push(await second.firstPicture());
  }
  return results;
}

/** A viewer who has come helps itself for so long; from then on a stream is as it stays. */
const settledMs = 4000;

export interface Latencies {
  /** From a picture's arrival at another viewer of the camera to its arrival over RTSP, ms, for every picture. */
  readonly delaysMs: number[];
  /** Pictures that showed nothing new, once the stream had settled. */
  readonly repeated: number;
}

export async function latencies(system: System, camera: number, cameraUrl: string, forMs: number): Promise<Latencies> {
  await using reader = await Reader.open(system.url(camera));
  await reader.firstPicture();
  await wait(1500);
  const sent = await tap(cameraUrl, forMs);
  return await against(sent, reader.arrivals, reader.startedMs + settledMs);
}

/** What a viewer saw, beside when the camera sent it. */
async function against(
  sent: ReadonlyMap<number, number>,
  arrivals: readonly Arrival[],
  settledAtMs: number,
): Promise<Latencies> {
  const delays = new Map<number, number>();
  const seen = new Set<number>();
  let repeated = 0;
  for (const { arrival, code } of await decode(arrivals)) {
    if (code === undefined) continue;
    const { frameNumber } = code;
    const atMs = sent.get(frameNumber);
    if (seen.has(frameNumber)) repeated += arrival.atMs >= settledAtMs ? 1 : 0;
    else if (atMs !== undefined) delays.set(frameNumber, arrival.atMs - atMs);
    seen.add(frameNumber);
  }
  return { delaysMs: [...delays.values()], repeated };
}

export interface Cost {
  /** CPU seconds per second of everything. */
  readonly cpu: number;
  readonly bitsPerSecond: number;
  readonly picturesPerSecond: number;
  /** MiB (PSS) of everything. */
  readonly memory: number;
  /** Pictures repeated before it was measured, and while it was. */
  readonly repeated: number;
  readonly repeatedLive: number;
}

/** What one watched stream costs, well after its start. `repeatedSoFar` counts its repeated pictures. */
export async function cost(
  system: System,
  camera: number,
  forMs: number,
  repeatedSoFar: () => Promise<number>,
): Promise<Cost> {
  const repeatedBefore = await repeatedSoFar();
  await using reader = await Reader.open(system.url(camera));
  await reader.firstPicture();
  await wait(4000);
  const pids = await pidsOf(system);
  const memory = await memoryOf(pids);
  const repeatedThen = await repeatedSoFar();
  const from = reader.arrivals.length;
  const beganMs = performance.now();
  const cpu = await cpuDuring(pids, forMs);
  const seconds = (performance.now() - beganMs) / 1000;
  const arrivals = reader.arrivals.slice(from);
  const bytes = arrivals.reduce((sum, arrival) => sum + arrival.bytes, 0);
  const repeatedAfter = await repeatedSoFar();
  return {
    cpu,
    memory,
    bitsPerSecond: (bytes * 8) / seconds,
    picturesPerSecond: arrivals.length / seconds,
    repeated: repeatedThen - repeatedBefore,
    repeatedLive: repeatedAfter - repeatedThen,
  };
}

export interface Load {
  /** From nobody watching to each viewer's first whole key picture, ms. */
  readonly startsMs: readonly number[];
  /** MiB of everything: PSS, and as if nothing else ran on the machine. */
  readonly memory: number;
  readonly memoryAlone: number;
  /** CPU seconds of everything per second of one stream. */
  readonly cpuPerStream: number;
  /** Of every picture of every stream, ms. */
  readonly delaysMs: readonly number[];
  /** Of what runs beside it, MiB (PSS) and cores. */
  readonly besideMemory: number;
  readonly besideCpu: number;
}

export interface LoadOptions {
  /** 0: watched for a moment only. */
  readonly forMs: number;
  readonly cameraUrl: string;
  /** Pids of processes that are told of apart. */
  readonly beside: readonly number[];
}

/** What it takes while every one of these cameras is watched, from the same moment on. */
export async function load(
  system: System,
  cameras: readonly number[],
  { forMs, cameraUrl, beside }: LoadOptions,
): Promise<Load> {
  await using viewers = new AsyncDisposableStack();
  const readers: Reader[] = [];
  const startsMs = await Promise.all(
    cameras.map(async (camera) => {
      const reader = viewers.use(await Reader.open(system.url(camera)));
      readers.push(reader);
      return reader.firstPicture();
    }),
  );
  await wait(forMs === 0 ? 0 : 5000);
  const pids = await pidsOf(system);
  const memory = await memoryOf(pids);
  const memoryAlone = await memoryAloneOf(pids);
  const besideMemory = await memoryOf(beside);
  const [cpu, besideCpu, sent] = await Promise.all([
    cpuDuring(pids, forMs),
    cpuDuring(beside, forMs),
    forMs === 0 ? new Map<number, number>() : tap(cameraUrl, forMs),
  ]);
  const seen = readers.map(({ arrivals }) => [...arrivals]);
  // Decoding would take what the streams need.
  await viewers.disposeAsync();
  const delaysMs: number[] = [];
  for (const arrivals of sent.size === 0 ? [] : seen) delaysMs.push(...(await against(sent, arrivals, 0)).delaysMs);
  return { startsMs, memory, memoryAlone, cpuPerStream: cpu / cameras.length, delaysMs, besideMemory, besideCpu };
}

/** CPU of both streams of one camera ÷ CPU of the first alone. */
export async function subPart(system: System, forMs: number): Promise<number> {
  await using main = await Reader.open(system.url(0));
  await main.firstPicture();
  await wait(4000);
  const alone = await cpuDuring(await pidsOf(system), forMs);
  await using sub = await Reader.open(`${system.url(0)}_sub`);
  await sub.firstPicture();
  await wait(4000);
  const both = await cpuDuring(await pidsOf(system), forMs);
  return both / alone;
}

async function pidsOf(system: System): Promise<number[]> {
  return (await system.processes()).map(({ pid }) => pid);
}

/** Part of the live CPU that a dead camera's held picture costs; 0.05 is 5 %. */
export async function heldPart(system: System, camera: BenchCamera, forMs: number): Promise<number> {
  await using reader = await Reader.open(system.url(0));
  await reader.firstPicture();
  await wait(4000);
  const pids = await pidsOf(system);
  const live = await cpuDuring(pids, forMs);
  await camera.fault("stall");
  // Until then repeats may still come faster.
  await wait(5000);
  const held = await cpuDuring(pids, forMs);
  await camera.mend("stall");
  return held / live;
}
