// The door of this room: the time-lapses of all printers, goes on at the start with what the bridge
// before left, and keeps each printer's as the inventory says.

import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";
import type { TimelapseMode } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { JobNews } from "../printers/job.ts";
import { Films } from "./films.ts";
import { Spool } from "./spool.ts";
import { TimeLapse } from "./time-lapse.ts";

export interface TimeLapsesOptions {
  /** Films and spools are kept below. */
  readonly root: string;
  readonly ffmpegPath: string;
  readonly framesPerSecond: () => number;
  readonly takePicture: (printer: string, signal: AbortSignal) => Promise<Uint8Array>;
  readonly diskTrouble: () => string | null;
  readonly clock: Clock;
  readonly log: Log;
}

interface Entry {
  readonly mode: TimelapseMode;
  readonly timeLapse: TimeLapse;
}

export class TimeLapses implements AsyncDisposable {
  readonly films: Films;
  readonly #options: TimeLapsesOptions;
  readonly #spools: string;
  readonly #entries = new Map<string, Entry>();
  readonly #pictures = new Map<string, number>();
  #left: Promise<Map<string, Spool>>;

  constructor(options: TimeLapsesOptions) {
    this.#options = options;
    this.#spools = join(options.root, ".pictures");
    this.films = new Films(options);
    this.#left = this.#findLeft();
  }

  /** Pictures taken of a printer since the bridge began. */
  pictures(printer: string): number {
    return this.#pictures.get(printer) ?? 0;
  }

  /** Which printers have one, from now on; a film is made at once of what others have by now. */
  async setModes(modes: ReadonlyMap<string, TimelapseMode>): Promise<void> {
    const left = await this.#left;
    for (const [printer, { mode, timeLapse }] of this.#entries) {
      if (isDeepStrictEqual(modes.get(printer), mode)) continue;
      timeLapse.giveUp();
      await timeLapse[Symbol.asyncDispose]();
      this.#entries.delete(printer);
    }
    for (const [printer, mode] of modes) {
      if (mode === "off" || this.#entries.has(printer)) continue;
      this.#entries.set(printer, { mode, timeLapse: this.#begin(printer, mode, left.get(printer)) });
      left.delete(printer);
    }
    for (const spool of left.values()) this.films.add(spool);
    left.clear();
  }

  news(printer: string, news: JobNews): void {
    this.#entries.get(printer)?.timeLapse.news(news);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#entries.values()].map(async ({ timeLapse }) => timeLapse[Symbol.asyncDispose]()));
    await this.films[Symbol.asyncDispose]();
  }

  #begin(printer: string, mode: Exclude<TimelapseMode, "off">, left: Spool | undefined): TimeLapse {
    const { takePicture, diskTrouble, clock, log } = this.#options;
    return new TimeLapse({
      printer,
      mode,
      left,
      spools: this.#spools,
      takePicture: async (signal) => takePicture(printer, signal),
      diskTrouble,
      onPicture: () => void this.#pictures.set(printer, this.pictures(printer) + 1),
      onOver: (spool) => this.films.add(spool),
      clock,
      log: log.with({ printer }),
    });
  }

  /** The newest of each printer may be of a job that still runs; of the others films are made. */
  async #findLeft(): Promise<Map<string, Spool>> {
    const newest = new Map<string, Spool>();
    for (const spool of await Spool.findAll(this.#spools)) {
      const older = newest.get(spool.printer);
      if (older !== undefined) this.films.add(older);
      newest.set(spool.printer, spool);
    }
    return newest;
  }
}
