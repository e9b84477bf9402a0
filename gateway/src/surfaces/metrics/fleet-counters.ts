// Counters that grow where things happen: connections, jobs, commands. They start at zero with
// the process; series of a printer that left the inventory are dropped.

import { Counter, Histogram, type Registry } from "prom-client";
import type { Clock } from "@gantry/platform/clock";
import { assertNever } from "../../model/errors.ts";
import type { EventType, PrinterEvent } from "../../model/events.ts";
import type { Fleet, FleetEvent, Printer } from "../../fleet/fleet.ts";
import { snakeCase } from "../../model/naming.ts";

const results: Partial<Record<EventType, string>> = {
  print_finished: "completed",
  print_cancelled: "cancelled",
  print_failed: "failed",
};

const jobBuckets = [300, 900, 1800, 3600, 7200, 14_400, 28_800, 57_600, 115_200];
const commandBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export class FleetCounters implements Disposable {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #subscription: Disposable;
  /** When the running job began (monotonic ms), and how long the printer says it has run. */
  readonly #jobs = new Map<string, { startedMs?: number; elapsedSeconds?: number }>();
  readonly #connects: Counter;
  readonly #disconnects: Counter;
  readonly #started: Counter;
  readonly #finished: Counter;
  readonly #commands: Counter;
  readonly #jobSeconds: Histogram;
  readonly #commandSeconds: Histogram;

  constructor(fleet: Fleet, registry: Registry, clock: Clock) {
    this.#fleet = fleet;
    this.#clock = clock;
    const counter = (name: string, help: string, ...labelNames: string[]): Counter => {
      const made = new Counter({ name, help, labelNames: ["printer", ...labelNames], registers: [] });
      registry.registerMetric(made);
      return made;
    };
    const histogram = (name: string, help: string, labelNames: string[], buckets: number[]): Histogram => {
      const made = new Histogram({ name, help, labelNames, buckets, registers: [] });
      registry.registerMetric(made);
      return made;
    };
    this.#connects = counter("gantry_printer_connects_total", "Sessions with the printer that began.");
    this.#disconnects = counter("gantry_printer_disconnects_total", "Sessions with the printer that ended.");
    this.#started = counter("gantry_jobs_started_total", "Jobs that began.");
    this.#finished = counter("gantry_jobs_finished_total", "Jobs that ended, by how.", "result");
    const asked = "Commands that were asked of the printer, by what came of them.";
    this.#commands = counter("gantry_commands_total", asked, "command", "surface", "result");
    const job = "How long jobs ran, by how they ended.";
    this.#jobSeconds = histogram("gantry_job_duration_seconds", job, ["printer", "result"], jobBuckets);
    const answer = "How long commands took until the printer acknowledged.";
    this.#commandSeconds = histogram("gantry_command_duration_seconds", answer, ["command"], commandBuckets);
    this.#subscription = fleet.on((event) => this.#take(event));
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  /** Before a scrape: every printer has its counters, from zero, and no one else has any. */
  async prepare(): Promise<void> {
    const ids = new Set(this.#fleet.list().map(({ id }) => id));
    for (const printer of ids) {
      for (const counter of [this.#connects, this.#disconnects, this.#started]) counter.inc({ printer }, 0);
      for (const result of Object.values(results)) this.#finished.inc({ printer, result }, 0);
    }
    for (const id of this.#jobs.keys()) if (!ids.has(id)) this.#jobs.delete(id);
    const perPrinter = [this.#connects, this.#disconnects, this.#started, this.#finished, this.#commands];
    for (const metric of perPrinter) await forget(metric, ids);
    await forget(this.#jobSeconds, ids);
  }

  #take(event: FleetEvent): void {
    switch (event.type) {
      case "state":
        return this.#watchJob(event.printer);
      case "event":
        return this.#count(event.event);
      case "command": {
        const { printer, surface, result } = event;
        const command = snakeCase(event.command);
        this.#commands.inc({ printer, command, surface, result });
        if (result === "acknowledged") this.#commandSeconds.observe({ command }, event.seconds);
        return;
      }
      case "inventory":
        return;
      default:
        return assertNever(event);
    }
  }

  #watchJob({ id, state }: Printer): void {
    const elapsedSeconds = state.job?.elapsedSeconds ?? undefined;
    if (elapsedSeconds !== undefined) this.#jobs.set(id, { ...this.#jobs.get(id), elapsedSeconds });
  }

  #count({ printer, type }: PrinterEvent): void {
    if (type === "connected") this.#connects.inc({ printer });
    if (type === "disconnected") this.#disconnects.inc({ printer });
    if (type === "print_started") {
      this.#started.inc({ printer });
      this.#jobs.set(printer, { startedMs: this.#clock.monotonic() });
    }
    const result = results[type];
    if (result === undefined) return;
    this.#finished.inc({ printer, result });
    const seconds = this.#jobSecondsOf(printer);
    if (seconds !== undefined) this.#jobSeconds.observe({ printer, result }, seconds);
    this.#jobs.delete(printer);
  }

  /** The printer's own count where it has one; else the time since the job was seen to begin. */
  #jobSecondsOf(printer: string): number | undefined {
    const { startedMs, elapsedSeconds } = this.#jobs.get(printer) ?? {};
    if (elapsedSeconds !== undefined) return elapsedSeconds;
    return startedMs === undefined ? undefined : (this.#clock.monotonic() - startedMs) / 1000;
  }
}

/** Drops the series of printers that are no longer there. */
async function forget(metric: Counter | Histogram, ids: ReadonlySet<string>): Promise<void> {
  const { values } = await metric.get();
  for (const { labels } of values) {
    const { le: _le, ...own } = labels as Record<string, string>;
    if (!ids.has(own["printer"] ?? "")) metric.remove(own);
  }
}
