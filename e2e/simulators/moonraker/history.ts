// The jobs that Moonraker remembers, the newest last.

import type { Job } from "./body.ts";
import type { GcodeFile } from "./files.ts";

export interface HistoryJob {
  readonly job_id: string;
  readonly filename: string;
  readonly start_time: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  status: string;
  end_time: number | null;
  exists: boolean;
}

export class History {
  readonly #jobs: HistoryJob[] = [];
  readonly #changed: (action: "added" | "finished", job: HistoryJob) => void;

  constructor(changed: (action: "added" | "finished", job: HistoryJob) => void) {
    this.#changed = changed;
  }

  /** Gives the new job's number: six hex digits, as Moonraker's. */
  begin(file: GcodeFile): string {
    const job: HistoryJob = {
      job_id: (this.#jobs.length + 1).toString(16).toUpperCase().padStart(6, "0"),
      filename: file.path,
      start_time: Date.now() / 1000,
      metadata: { layer_count: file.layers, estimated_time: file.seconds, size: file.content.length },
      status: "in_progress",
      end_time: null,
      exists: true,
    };
    this.#jobs.push(job);
    this.#changed("added", job);
    return job.job_id;
  }

  finish(ended: Job | undefined, status: string): void {
    const job = this.#jobs.find(({ job_id: id }) => id === ended?.id);
    if (job === undefined || job.status !== "in_progress") return;
    job.status = status;
    job.end_time = Date.now() / 1000;
    this.#changed("finished", job);
  }

  /** The newest first. */
  list(limit: number): HistoryJob[] {
    return this.#jobs.toReversed().slice(0, limit);
  }

  get count(): number {
    return this.#jobs.length;
  }
}
