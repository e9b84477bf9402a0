// The machine's process table, as far as tests ask it: who descends from whom.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Every process below `pid`, children and their children. Zombies do not count. */
export async function descendants(pid: number): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat=,comm="]);
  const rows = stdout.split("\n").flatMap((line) => {
    const [own, parent, state, command] = line.trim().split(/\s+/u);
    if (command === undefined || state?.startsWith("Z") !== false) return [];
    return [{ pid: Number(own), parent: Number(parent), command }];
  });
  const found: ProcessRow[] = [];
  for (let level = [pid]; level.length > 0;) {
    const next = rows.filter((row) => level.includes(row.parent));
    found.push(...next);
    level = next.map((row) => row.pid);
  }
  return found;
}

/** Pids of the ffmpeg processes below `pid`. */
export async function encoders(pid: number): Promise<number[]> {
  return (await descendants(pid)).filter(({ command }) => command === "ffmpeg").map((row) => row.pid);
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
