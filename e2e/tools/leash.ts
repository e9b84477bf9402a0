// Ends the runner's children and deletes its folder (the first argument) when the runner itself
// is gone without having done so (SIGKILL, a crash). It reads process ids, one a line, from stdin,
// which the runner holds open all its life.
// Not part of a normal stop: the runner then ends everything and this process last.

import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";

const graceMs = 8000;
const groups = new Set<number>();

function signalAll(signal: NodeJS.Signals): boolean {
  let anyLeft = false;
  for (const pid of groups) {
    try {
      process.kill(signal === "SIGTERM" ? pid : -pid, signal);
      anyLeft = true;
    } catch {
      // It has ended.
    }
  }
  return anyLeft;
}

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
for await (const line of createInterface({ input: process.stdin })) groups.add(Number(line));

if (signalAll("SIGTERM")) {
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline && isAnyAlive()) await wait(100);
}
signalAll("SIGKILL");
const [folder] = process.argv.slice(2);
if (folder !== undefined) await rm(folder, { recursive: true, force: true });

function isAnyAlive(): boolean {
  return [...groups].some((pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      // It has ended.
      return false;
    }
  });
}
