// A foreign server as a child process: started again and again in one folder, its output kept there,
// awaited and stopped. What it is and how it is configured is in the file of each server.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const stopMs = 15_000;
const askEveryMs = 250;
/** How much of its output an error shows, characters. */
const shownLog = 3000;

export interface ServerProgram {
  /** For errors. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Where its output goes, and nothing else of this file. */
  readonly folder: string;
}

export class ServerProcess {
  readonly #server: ServerProgram;
  readonly #logFile: string;
  #child: ChildProcess | undefined;

  constructor(server: ServerProgram) {
    this.#server = server;
    this.#logFile = join(server.folder, "server.out");
  }

  /** Starts it; `until` tells when it is there. */
  spawn(): void {
    const child = spawn(this.#server.program, this.#server.args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const log = createWriteStream(this.#logFile, { flags: "a" });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once("close", () => log.end());
  }

  /** Asks until the answer is true. @throws Error with the end of its log, after `limitMs` or when it has ended */
  async until(what: string, limitMs: number, ask: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (performance.now() < deadline && this.#child?.exitCode === null) {
      if (await ask().catch(() => false)) return;
      await wait(askEveryMs);
    }
    const log = await readFile(this.#logFile, "utf8").catch(() => "");
    throw new Error(`${this.#server.name}: it never came that ${what}:\n${log.slice(-shownLog)}`);
  }

  /** SIGTERM, and SIGKILL for one that does not listen. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), stopMs);
    await exited;
    clearTimeout(late);
  }
}
