// How a job ends, and why it waits. A status frame tells the end for a moment only, without the file
// and without the reason; the history has both. This remembers the job across frames, asks the
// history when something is to be explained, and until then holds back the phase it would tell.

import type { Fault, Job, Phase, Readings } from "../../model/printer.ts";
import { unexplainedFailure } from "./state.ts";
import type { Task } from "./tasks.ts";

/** null: the history does not tell. */
type Explanation = Task | null;

interface Verdict {
  readonly phase: Phase;
  readonly fault: Fault | null;
}

/** What a question is about: asked once for each. */
type Occasion = "pause" | "failure" | "end";

export interface JobWatchOptions {
  /** Reads one job of the history; never rejects, and ends in bounded time. */
  readonly explain: (taskId: string, occasion: Occasion) => Promise<Explanation>;
  /** An explanation came: the readings are to be shown again. */
  readonly changed: () => void;
}

export class JobWatch {
  readonly #options: JobWatchOptions;
  readonly #explanations = new Map<Occasion, Explanation | "asked">();
  /** The job that goes on, or whose end is not yet told. */
  #job: Job | null = null;
  #verdict: Verdict | null = null;
  #shown: Pick<Readings, "phase" | "stage"> | null = null;

  constructor(options: JobWatchOptions) {
    this.#options = options;
  }

  /** What to show of the latest status. May be called again with the same one. */
  show(now: Readings): Readings {
    const shown = now.job === null ? this.#withoutJob(now) : this.#withJob(now, now.job);
    this.#shown = { phase: shown.phase, stage: shown.stage };
    return shown;
  }

  #withJob(now: Readings, told: Job): Readings {
    if (this.#job === null || isAnother(this.#job, told)) this.#begin();
    const job = remembered(told, this.#job);
    this.#job = job;
    if (now.phase !== "paused") this.#explanations.delete("pause");
    if (now.phase === "paused" || now.phase === "failed") {
      const explanation = this.#ask(now.phase === "paused" ? "pause" : "failure", job);
      if (explanation === "asked") return this.#held(now, job);
      return { ...now, job, faults: faultsWith(now.faults, faultOf(explanation, now.phase)) };
    }
    if (now.phase === "finished" || now.phase === "stopped") this.#verdict = { phase: now.phase, fault: null };
    return { ...now, job };
  }

  #withoutJob(now: Readings): Readings {
    const ended = this.#job;
    if (ended !== null) {
      const verdict = this.#verdict ?? this.#judge(now, ended);
      if (verdict === null) return this.#held(now, ended);
      this.#job = null;
      this.#verdict = verdict;
      // Told once whatever else the machine does by now, so that the end is never missed.
      return this.#judged(now, verdict);
    }
    const verdict = this.#verdict;
    if (verdict === null || (now.phase !== "idle" && now.phase !== verdict.phase)) return now;
    return this.#judged(now, verdict);
  }

  /** How the job ended; null while the history is being asked. */
  #judge(now: Readings, ended: Job): Verdict | null {
    if (now.phase === "finished" || now.phase === "stopped") return { phase: now.phase, fault: null };
    const explanation = this.#ask("end", ended);
    if (explanation === "asked") return null;
    const phase = phaseOf(explanation) ?? now.phase;
    return { phase, fault: phase === "failed" ? faultOf(explanation, phase) : null };
  }

  #judged(now: Readings, { phase, fault }: Verdict): Readings {
    if (phase !== "failed") return { ...now, phase, stage: now.phase === phase ? now.stage : null };
    return { ...now, phase, stage: null, faults: faultsWith(now.faults, fault ?? unexplainedFailure) };
  }

  #held(now: Readings, job: Job): Readings {
    return { ...now, ...(this.#shown ?? { phase: now.phase, stage: now.stage }), job };
  }

  #begin(): void {
    this.#job = null;
    this.#verdict = null;
    this.#explanations.clear();
  }

  #ask(occasion: Occasion, { id }: Job): Explanation | "asked" {
    if (id === null) return null;
    const known = this.#explanations.get(occasion);
    if (known !== undefined) return known;
    this.#explanations.set(occasion, "asked");
    void this.#answer(occasion, id);
    return "asked";
  }

  async #answer(occasion: Occasion, id: string): Promise<void> {
    const explanation = await this.#options.explain(id, occasion);
    if (this.#explanations.get(occasion) !== "asked" || this.#job?.id !== id) return;
    this.#explanations.set(occasion, explanation);
    this.#options.changed();
  }
}

/** The end of a job is told without its name and id. */
function remembered(told: Job, before: Job | null): Job {
  return { ...told, id: told.id ?? before?.id ?? null, file: told.file ?? before?.file ?? null };
}

function isAnother(before: Job, after: Job): boolean {
  return before.id !== null && after.id !== null && before.id !== after.id;
}

function phaseOf(explanation: Explanation): Phase | null {
  switch (explanation?.job.result) {
    case "finished":
      return "finished";
    case "failed":
      return "failed";
    case "cancelled":
      return "stopped";
    case "running":
    case "unknown":
    case undefined:
      return null;
  }
}

function faultOf(explanation: Explanation, phase: Phase): Fault | null {
  const { reasonCode = null, job } = explanation ?? {};
  if (reasonCode === null || job?.reason == null) return null;
  const severity = phase === "failed" ? "error" : "warning";
  return { code: `reason-${reasonCode}`, severity, text: job.reason, help: null };
}

/** The reason comes first, in place of the words for not knowing one. */
function faultsWith(told: readonly Fault[], reason: Fault | null): Fault[] {
  const others = reason === null ? told : told.filter(({ code }) => code !== unexplainedFailure.code);
  return reason === null ? [...others] : [reason, ...others.filter(({ code }) => code !== reason.code)];
}
