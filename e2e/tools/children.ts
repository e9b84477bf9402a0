// Long-lived children of the runner: each leads a process group of its own, so that Ctrl-C in a
// terminal reaches the runner alone, and so that what a child left behind can be ended with it.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { root } from "./paths.ts";

export interface ChildOptions {
  readonly name: string;
  /** Script from the repository's root, and its arguments. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Hears every line of stdout and stderr. */
  readonly onLine: (name: string, line: string) => void;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process has ended, with "exit code 1" or "SIGKILL"; never rejects. */
  readonly ended: Promise<string>;
  /** SIGTERM, after `graceMs` SIGKILL to the whole group; resolves when all is over. Idempotent. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL to the whole group, now. */
  kill(): void;
}

/** Starts a Node script. @throws Error when it cannot be started at all */
export function startChild(options: ChildOptions): Child {
  const child = spawn(process.execPath, options.args, {
    cwd: root,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.name} could not be started`);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => options.onLine(options.name, line));
  }
  const ended = endOf(child);
  const kill = (): void => signalGroup(pid, "SIGKILL");
  return {
    name: options.name,
    pid,
    ended,
    kill,
    stop: async (graceMs) => {
      // The child alone: it ends its own children in its own order.
      child.kill("SIGTERM");
      const grace = new AbortController();
      const deadline = wait(graceMs, undefined, { signal: grace.signal }).then(kill, () => undefined);
      await ended;
      grace.abort();
      await deadline;
      kill();
    },
  };
}

async function endOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  return promise;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is empty, which is what was wanted.
  }
}
