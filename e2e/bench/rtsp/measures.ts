// What is measured of both systems while the camera is well. Each function measures one of them
// once; who calls takes turns, so that a busy moment of the machine meets both.

import { setTimeout as wait } from "node:timers/promises";
import { tap, type BenchCamera } from "./camera.ts";
import { cpuDuring, memoryOf } from "./costs.ts";
import { decode } from "./decode.ts";
import { Reader } from "./reader.ts";
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

/** From a picture's arrival at another viewer of the camera to its arrival over RTSP, ms, for every picture of `forMs`. */
export async function latencies(system: System, camera: number, cameraUrl: string, forMs: number): Promise<number[]> {
  await using reader = await Reader.open(system.url(camera));
  await reader.firstPicture();
  await wait(1500);
  const sent = await tap(cameraUrl, forMs);
  const results = new Map<number, number>();
  for (const { arrival, code } of await decode(reader.arrivals)) {
    const atMs = code === undefined ? undefined : sent.get(code.frameNumber);
    if (code === undefined || atMs === undefined || results.has(code.frameNumber)) continue;
    results.set(code.frameNumber, arrival.atMs - atMs);
  }
  return [...results.values()];
}

export interface Cost {
  /** CPU seconds per second of everything. */
  readonly cpu: number;
  readonly bitsPerSecond: number;
  readonly picturesPerSecond: number;
}

/** What one watched stream costs, well after its start. */
export async function cost(system: System, camera: number, forMs: number): Promise<Cost> {
  await using reader = await Reader.open(system.url(camera));
  await reader.firstPicture();
  await wait(4000);
  const pids = await pidsOf(system);
  const from = reader.arrivals.length;
  const beganMs = performance.now();
  const cpu = await cpuDuring(pids, forMs);
  const seconds = (performance.now() - beganMs) / 1000;
  const arrivals = reader.arrivals.slice(from);
  const bytes = arrivals.reduce((sum, arrival) => sum + arrival.bytes, 0);
  return { cpu, bitsPerSecond: (bytes * 8) / seconds, picturesPerSecond: arrivals.length / seconds };
}

export interface Load {
  /** MiB of everything. */
  readonly memory: number;
  /** CPU seconds of everything per second of one stream. */
  readonly cpuPerStream: number;
}

/** What it takes while every one of these cameras is watched. */
export async function load(system: System, cameras: readonly number[], forMs: number): Promise<Load> {
  await using readers = new AsyncDisposableStack();
  for (const camera of cameras) {
    const reader = readers.use(await Reader.open(system.url(camera)));
    await reader.firstPicture();
  }
  await wait(5000);
  const pids = await pidsOf(system);
  const memory = await memoryOf(pids);
  const cpuPerStream = (await cpuDuring(pids, forMs)) / cameras.length;
  return { memory, cpuPerStream };
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
