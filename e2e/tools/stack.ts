// The processes of a run without Docker, in the order in which they need each other. Whatever
// happens, none of them outlives this process: leash.ts sees to what a SIGKILL leaves.

import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Child, startChild } from "./children.ts";
import { parseEntry } from "./log-view.ts";

/** What a process said once it listened. */
export type Listening = Readonly<Record<string, unknown>>;

export interface StackOptions {
  /** What the processes may write; deleted with them. */
  readonly folder: string;
  /** Hears every line of every process. */
  readonly onLine: (name: string, line: string) => void;
  /** A process that does not listen after this is a failure, ms. */
  readonly startTimeoutMs: number;
  /** From the first SIGTERM to SIGKILL for those that are left, ms. */
  readonly stopGraceMs: number;
}

/** A process ended, or did not listen in time; the message says which and how. */
export class StackError extends Error {
  override readonly name = "StackError";
}

export class Stack implements AsyncDisposable {
  readonly #options: StackOptions;
  readonly #children: Child[] = [];
  readonly #leash;
  #stopping = false;

  constructor(options: StackOptions) {
    this.#options = options;
    this.#leash = spawn(process.execPath, [join(import.meta.dirname, "leash.ts"), options.folder], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    // It may end first at a hard stop; a write to it then fails, which changes nothing.
    this.#leash.stdin.on("error", () => undefined);
  }

  /**
   * Starts a script and waits until it listens.
   * @throws StackError when it ends or stays silent; the signal's reason when that aborts
   */
  async start(name: string, args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Listening> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Listening>();
    const child = startChild({
      name,
      args,
      env,
      onLine: (source, line) => {
        this.#options.onLine(source, line);
        const entry = parseEntry(line);
        if (entry?.["event"] === "listening") resolve(entry);
      },
    });
    this.#children.push(child);
    this.#leash.stdin.write(`${child.pid}\n`);
    const seconds = this.#options.startTimeoutMs / 1000;
    const timer = setTimeout(
      () => reject(new StackError(`${name} did not listen within ${seconds} s`)),
      this.#options.startTimeoutMs,
    );
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    void child.ended.then((how) => reject(new StackError(`${name} ended (${how})`)));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Rejects with a StackError when the first process ends by itself; never resolves. */
  async broken(): Promise<never> {
    const how = await Promise.race(this.#children.map(async ({ name, ended }) => `${name} ended (${await ended})`));
    // While stopping, ends are wanted: this then never settles.
    if (this.#stopping) return new Promise<never>(() => undefined);
    throw new StackError(how);
  }

  /** Whether anything was started. */
  get isRunning(): boolean {
    return this.#children.length > 0;
  }

  /** SIGKILL to all, now. */
  kill(): void {
    for (const child of this.#children) child.kill();
  }

  /** Ends all, the last started first, and deletes the folder; idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    const deadline = performance.now() + this.#options.stopGraceMs;
    for (const child of this.#children.toReversed()) await child.stop(Math.max(0, deadline - performance.now()));
    await rm(this.#options.folder, { recursive: true, force: true });
    this.#leash.stdin.end();
  }
}
