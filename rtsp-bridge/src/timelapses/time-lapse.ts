// The time-lapse of one printer: from what its job does to pictures on disk. It makes no film: a job
// that is over is handed on.

import type { TimelapseMode } from "@gantry/config";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { isSameJob, type Job, type JobNews } from "../printers/job.ts";
import { Spool } from "./spool.ts";

export interface TimeLapseOptions {
  readonly printer: string;
  readonly mode: Exclude<TimelapseMode, "off">;
  /** Folder of the spools. */
  readonly spools: string;
  /** What a bridge before this one left of a job that may still run. */
  readonly left: Spool | undefined;
  /** A whole JPEG of now. */
  readonly takePicture: (signal: AbortSignal) => Promise<Uint8Array>;
  /** Why nothing may be written; null: it may. */
  readonly diskTrouble: () => string | null;
  readonly onPicture: () => void;
  /** The job is over; its spool is let go of. */
  readonly onOver: (spool: Spool) => void;
  readonly clock: Clock;
  readonly log: Log;
}

interface Current {
  readonly job: Job;
  readonly startedAtMs: number;
  /** From the first picture on. */
  spool: Spool | undefined;
  isMoving: boolean;
  layer: number | null;
}

export class TimeLapse implements AsyncDisposable {
  readonly #options: TimeLapseOptions;
  readonly #life = new AbortController();
  readonly #ticking: Promise<void>;
  #current: Current | undefined;
  /** One thing at a time, in the order in which it was told. */
  #work: Promise<void> = Promise.resolve();
  #isTaking = false;

  constructor(options: TimeLapseOptions) {
    this.#options = options;
    const { left, mode } = options;
    if (left !== undefined) {
      const { job, startedAtMs } = left;
      this.#current = { job: { ...job, layer: null }, startedAtMs, spool: left, isMoving: false, layer: null };
    }
    this.#ticking = mode === "layer" ? Promise.resolve() : this.#tick(mode.everyMs);
  }

  /** What the printer does now. */
  news(news: JobNews): void {
    if (news.kind === "over") this.#end();
    else if (news.kind === "running") this.#running(news.job, news.isMoving);
  }

  /** The pictures so far are handed on, as if the job were over. */
  giveUp(): void {
    this.#end();
  }

  /** Ends it, and keeps what there is for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    await Promise.all([this.#ticking, this.#work]);
  }

  #running(job: Job, isMoving: boolean): void {
    if (this.#current !== undefined && !isSameJob(this.#current.job, job)) this.#end();
    const { clock, mode } = this.#options;
    const current = (this.#current ??= {
      job,
      startedAtMs: clock.now(),
      spool: undefined,
      isMoving,
      layer: null,
    });
    current.isMoving = isMoving;
    const known = { ...job, id: current.job.id ?? job.id, file: current.job.file ?? job.file };
    this.#current = Object.assign(current, { job: known });
    const isNewLayer = job.layer !== null && job.layer > 0 && job.layer !== current.layer;
    if (mode !== "layer" || !isNewLayer || this.#isTaking) return;
    current.layer = job.layer;
    this.#take(current);
  }

  #end(): void {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    this.#do(async () => {
      if (current.spool !== undefined) this.#options.onOver(current.spool);
    });
  }

  async #tick(everyMs: number): Promise<void> {
    const { signal } = this.#life;
    while (!signal.aborted) {
      await this.#options.clock.wait(everyMs, signal).catch(() => undefined);
      if (!signal.aborted && this.#current?.isMoving === true && !this.#isTaking) this.#take(this.#current);
    }
  }

  #take(current: Current): void {
    this.#isTaking = true;
    this.#do(async () => {
      try {
        await this.#shoot(current);
      } finally {
        this.#isTaking = false;
      }
      // The layer may have changed while the picture was taken.
      const { layer } = this.#current?.job ?? { layer: null };
      if (this.#current === current && current.layer !== null && layer !== current.layer) {
        this.#running(current.job, current.isMoving);
      }
    });
  }

  async #shoot(current: Current): Promise<void> {
    const { takePicture, diskTrouble, spools, printer, onPicture } = this.#options;
    if (diskTrouble() !== null) return;
    const jpeg = await takePicture(this.#life.signal);
    const { id, file } = current.job;
    const { startedAtMs } = current;
    current.spool ??= await Spool.create(spools, { printer, jobId: id, file, startedAtMs });
    await current.spool.adopt(current.job);
    await current.spool.add(jpeg);
    onPicture();
  }

  #do(work: () => Promise<void>): void {
    const { log } = this.#options;
    this.#work = this.#work.then(work).catch((error: unknown) => {
      if (!this.#life.signal.aborted) log.warn("a picture of the time-lapse is missing", { error });
    });
  }
}
