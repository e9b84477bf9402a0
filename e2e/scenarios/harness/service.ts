// One service as users run it: a Node process of its own, its log read line by line.

import { setTimeout as wait } from "node:timers/promises";
import { startChild, type Child } from "../../tools/children.ts";
import { until } from "./until.ts";

export type LogLine = Readonly<Record<string, unknown>>;

export class Service implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: Child;

  constructor(name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = startChild({
      name,
      args,
      env: { ...process.env, ...env },
      onLine: (_name, line) => this.lines.push(line),
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** "exit code N" or the name of a signal. */
  get ended(): Promise<string> {
    return this.#child.ended;
  }

  /** The JSON lines among what it printed. */
  get log(): LogLine[] {
    return this.lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as LogLine];
      } catch {
        return []; // a plain line
      }
    });
  }

  /** Waits for its `listening` line, or fails with all it printed. */
  async listening(): Promise<LogLine> {
    const ended = this.ended.then(async (how) => {
      await wait(200); // its last lines are still on their way
      throw new Error(`it ended with ${how} before it listened:\n${this.lines.join("\n")}`);
    });
    const line = until("the service listens", () => this.log.find(({ event }) => event === "listening"));
    return Promise.race([line, ended]);
  }

  kill(): void {
    this.#child.kill();
  }

  async stop(): Promise<void> {
    await this.#child.stop(8000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
