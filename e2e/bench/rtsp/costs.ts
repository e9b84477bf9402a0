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

/** Proportional set size (PSS) of these processes together, MiB: what they share with others counts in parts. */
export async function memoryOf(pids: readonly number[]): Promise<number> {
  let kibibytes = 0;
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
    kibibytes += Number(/^Pss: *(\d+) kB/mu.exec(text)?.[1] ?? 0);
  }
  return kibibytes / 1024;
}

/**
 * The same, MiB, as if nothing else ran on the machine. The kernel divides a program's own pages by all
 * who run it, so that any other Node, and the gateway, make the figure of `memoryOf` smaller by chance;
 * here a file's pages count once, with the largest share that one of these processes has in memory.
 */
export async function memoryAloneOf(pids: readonly number[]): Promise<number> {
  let kibibytes = 0;
  const files = new Map<string, number>();
  for (const pid of pids) {
    const own = new Map<string, number>();
    for (const { file, resident, proportional, anonymous } of await mappingsOf(pid)) {
      kibibytes += file === undefined ? proportional : anonymous;
      if (file !== undefined) own.set(file, (own.get(file) ?? 0) + resident - anonymous);
    }
    for (const [file, size] of own) files.set(file, Math.max(files.get(file) ?? 0, size));
  }
  for (const size of files.values()) kibibytes += size;
  return kibibytes / 1024;
}

/** Sizes in KiB. */
interface Mapping {
  /** Device and inode; undefined for memory without a file. */
  readonly file: string | undefined;
  readonly resident: number;
  readonly proportional: number;
  readonly anonymous: number;
}

async function mappingsOf(pid: number): Promise<Mapping[]> {
  const text = await readFile(`/proc/${pid}/smaps`, "utf8").catch(() => "");
  const blocks = text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/mu);
  return blocks.map((block) => {
    const [, , , device = "", inode = "0"] = block.split("\n", 1)[0]?.split(/ +/u) ?? [];
    const size = (name: string): number => Number(new RegExp(`^${name}: *(\\d+) kB`, "mu").exec(block)?.[1] ?? 0);
    const file = inode === "0" ? undefined : `${device} ${inode}`;
    return { file, resident: size("Rss"), proportional: size("Pss"), anonymous: size("Anonymous") };
  });
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
