// One bounded run of a foreign command. Not for long-lived children: those are in children.ts.

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface CommandOptions {
  /** After this the command is killed, ms. */
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Kills the command too. */
  readonly signal?: AbortSignal | undefined;
  /** `show` leaves stdin, stdout and stderr to the command; `keep` (default) collects both outputs. */
  readonly output?: "keep" | "show";
}

export interface CommandResult {
  readonly ok: boolean;
  /** stdout and stderr in the order they came; empty with `output: "show"`. */
  readonly text: string;
  /** In words, when not ok: "not found", "took longer than 60 s", "exit code 1: <last line>". */
  readonly reason: string;
}

/** Runs a command to its end. Never throws: a missing command, a time-out and an abort are results. */
export async function run(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { output = "keep", signal } = options;
  const kept = output === "keep";
  // A group of its own: so that a kill reaches what the command started, such as compilers.
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: kept ? ["ignore", "pipe", "pipe"] : "inherit",
    detached: kept,
  });
  let text = "";
  const keep = (chunk: Buffer): void => {
    text += chunk.toString("utf8");
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const fail = (reason: string): void => resolve({ ok: false, text, reason });
  const cut = (reason: string): void => {
    fail(reason);
    kill(child, kept);
  };
  const timer = setTimeout(() => cut(`took longer than ${options.timeoutMs / 1000} s`), options.timeoutMs);
  const onAbort = (): void => cut("interrupted");
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  child.once("error", (error: NodeJS.ErrnoException) => fail(error.code === "ENOENT" ? "not found" : error.message));
  child.once("close", (code, name) => {
    if (code === 0) resolve({ ok: true, text, reason: "" });
    else fail(reasonOf(code, name, text));
  });
  const result = await promise;
  clearTimeout(timer);
  signal?.removeEventListener("abort", onAbort);
  return result;
}

function kill(child: ChildProcess, group: boolean): void {
  if (child.pid === undefined) return;
  try {
    process.kill(group ? -child.pid : child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function reasonOf(code: number | null, signal: string | null, text: string): string {
  const lastLine = text.trimEnd().split("\n").at(-1) ?? "";
  return `${code === null ? `ended by ${signal}` : `exit code ${code}`}${lastLine === "" ? "" : `: ${lastLine}`}`;
}

/** The first executable of this name on PATH. */
export function findOnPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find((file) => isExecutable(file));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: both mean the search goes on.
    return false;
  }
}
