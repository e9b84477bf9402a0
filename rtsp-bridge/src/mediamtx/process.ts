// One run of MediaMTX as our child: started, heard, stopped for certain. It is not restarted
// here (./supervisor.ts).

import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { Writable, type Readable } from "node:stream";
import type { Clock } from "@gantry/platform/clock";
import { parseServerLine, type ServerLine } from "./server-log.ts";

/**
 * The leash: a shell beside MediaMTX that reads a pipe whose other end this process holds. When
 * this process is gone, however it went, the read fails and MediaMTX is killed. A line says that
 * MediaMTX has ended by itself and that its process id may belong to somebody else by now.
 * The shell becomes MediaMTX, so the child's process id is MediaMTX's.
 */
const leash = `( read -r _ <&3 || kill -KILL $$ ) >/dev/null 2>&1 & exec "$@" 3<&-`;

export interface ServerExit {
  /** In words: `exit code 1`, `SIGKILL`. */
  readonly how: string;
  /** What it complained of last, if anything. */
  readonly lastError: string | undefined;
}

export interface ServerProcess {
  readonly pid: number;
  /** Never rejects. */
  readonly exited: Promise<ServerExit>;
  /** SIGTERM, and SIGKILL `graceMs` later: it waits for its hooks for ever, and has been seen to hang. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL. */
  kill(): void;
}

export interface SpawnOptions {
  readonly file: string;
  readonly configFile: string;
  /** Its whole environment, which its hooks inherit: nothing of ours but what they need. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly onLine: (line: ServerLine) => void;
}

/** @throws the error of the spawn */
export async function spawnServer(options: SpawnOptions): Promise<ServerProcess> {
  // A session of its own: Ctrl-C on a terminal is for the bridge, which then stops things in order.
  const child = spawn("sh", ["-c", leash, "sh", options.file, options.configFile], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: options.environment,
  });
  let lastError: string | undefined;
  const hear = (text: string): void => {
    const line = parseServerLine(text);
    if (line.level === "error" || line.level === "warn") lastError = line.message;
    options.onLine(line);
  };
  readLines(child.stdout, hear);
  readLines(child.stderr, hear);
  const exited = exitOf(child).then((how) => ({ how, lastError }));
  const pid = await spawned(child);
  return {
    pid,
    exited,
    kill: () => void child.kill("SIGKILL"),
    stop: async (graceMs) => {
      const patience = new AbortController();
      child.kill("SIGTERM");
      const late = options.clock.wait(graceMs, patience.signal).then(
        () => void child.kill("SIGKILL"),
        () => undefined,
      );
      await exited;
      patience.abort();
      await late;
    },
  };
}

function readLines(stream: Readable | null, hear: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream, crlfDelay: Infinity }).on("line", hear);
}

async function spawned(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("spawn", () => resolve(child.pid ?? 0));
  child.once("error", reject);
  return promise;
}

async function exitOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const held = child.stdio[3];
  if (held instanceof Writable) held.on("error", () => undefined);
  child.once("exit", (code, signal) => {
    if (held instanceof Writable) held.end("\n");
    const how = signal ?? `exit code ${code}`;
    // Its last words are read first; a hook that still runs may hold the pipe open.
    const enough = setTimeout(() => resolve(how), 250);
    child.once("close", () => {
      clearTimeout(enough);
      resolve(how);
    });
  });
  child.once("error", (error) => resolve(error.message));
  return promise;
}
