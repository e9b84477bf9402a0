// One bounded run of a foreign command. Not for long-lived children: those are in children.ts.

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface CommandOptions {
  /** After this the command is killed, ms. */
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
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

/** Runs a command to its end. Never throws: a missing command and a time-out are results. */
export async function run(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: options.output === "show" ? "inherit" : ["ignore", "pipe", "pipe"],
    timeout: options.timeoutMs,
    killSignal: "SIGKILL",
  });
  let text = "";
  const keep = (chunk: Buffer): void => {
    text += chunk.toString("utf8");
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  child.once("error", (error: NodeJS.ErrnoException) => {
    resolve({ ok: false, text, reason: error.code === "ENOENT" ? "not found" : error.message });
  });
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    resolve({ ok: code === 0, text, reason: code === 0 ? "" : reasonOf(code, signal, text, options.timeoutMs) });
  };
  child.once("close", end);
  // A killed command's own children may hold the pipes open: "close" would then wait for them.
  child.once("exit", (code, signal) => {
    if (signal !== null) end(code, signal);
  });
  return promise;
}

function reasonOf(code: number | null, signal: string | null, text: string, timeoutMs: number): string {
  if (signal === "SIGKILL") return `took longer than ${timeoutMs / 1000} s`;
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
