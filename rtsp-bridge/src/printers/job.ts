// Pure: what a printer's state says about its job. Which words there are: docs/api.md, State; nothing
// here knows a family.

import * as z from "zod";

export const printerStateSchema = z.object({
  id: z.string(),
  phase: z.string(),
  job: z.object({ id: z.string().nullish(), file: z.string().nullish(), layer: z.number().nullish() }).nullish(),
});
export type PrinterState = z.output<typeof printerStateSchema>;

export interface Job {
  /** The printer's own id of this run; null where it gives none. */
  readonly id: string | null;
  readonly file: string | null;
  /** Counted from 1; null where the printer does not tell. */
  readonly layer: number | null;
}

/**
 * over: there is no job. unclear: the printer is not heard, or does something that may belong to a job
 * or not; what was true before is then taken to be true still.
 */
export type JobNews =
  | { readonly kind: "running"; readonly job: Job; readonly isMoving: boolean }
  | { readonly kind: "over" }
  | { readonly kind: "unclear" };

export const unclear: JobNews = { kind: "unclear" };

const running = new Set(["preparing", "printing", "pausing", "paused", "resuming", "stopping"]);
const over = new Set(["idle", "finished", "stopped", "failed"]);

export function jobNews({ phase, job }: PrinterState): JobNews {
  if (over.has(phase)) return { kind: "over" };
  if (!running.has(phase)) return unclear;
  const told: Job = { id: job?.id ?? null, file: job?.file ?? null, layer: job?.layer ?? null };
  return { kind: "running", job: told, isMoving: phase !== "paused" };
}

/** Whether both are the same run, as far as the printer lets one know. */
export function isSameJob(one: Pick<Job, "id" | "file">, other: Pick<Job, "id" | "file">): boolean {
  if (one.id !== null && other.id !== null) return one.id === other.id;
  return one.file === null || other.file === null || one.file === other.file;
}
