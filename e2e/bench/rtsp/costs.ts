// What processes cost, from /proc (Linux): CPU time to the nanosecond, and memory with shared pages
// counted in parts.

import { readdir, readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

/** CPU seconds per second that these processes use together over `forMs`; those that come later are not counted. */
export async function cpuDuring(pids: readonly number[], forMs: number): Promise<number> {
  const before = await cpuOf(pids);
  const beganMs = performance.now();
  await wait(forMs);
  const spentNs = (await cpuOf(pids)) - before;
  return spentNs / 1e6 / (performance.now() - beganMs);
}

/** Proportional set size of these processes together, MiB. */
export async function memoryOf(pids: readonly number[]): Promise<number> {
  let kibibytes = 0;
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
    kibibytes += Number(/^Pss: *(\d+) kB/mu.exec(text)?.[1] ?? 0);
  }
  return kibibytes / 1024;
}

async function cpuOf(pids: readonly number[]): Promise<number> {
  let nanoseconds = 0;
  for (const pid of pids) {
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    for (const thread of threads) {
      const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0");
      nanoseconds += Number(text.split(" ")[0]);
    }
  }
  return nanoseconds;
}
