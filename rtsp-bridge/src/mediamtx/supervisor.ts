// Keeps MediaMTX alive: starts it, waits until it answers, starts it again after any end (exit
// code 0 included: MediaMTX leaves with 0 for bad reasons too). What a run consists of is ./run.ts.

import { Backoff } from "@gantry/platform/backoff";
import type { ControlApi } from "./control-api.ts";
import { launch, type Run, type RunOptions } from "./run.ts";

/** It has to be over before the bridge's own five seconds are. */
const stopMs = 1500;
/** Up for this long, its next end counts as the first. */
const healthyMs = 60_000;

export interface SupervisorOptions extends RunOptions {
  /** It answers and has its paths. */
  readonly onUp: (api: ControlApi) => void;
  /** It is gone, and with it every session. */
  readonly onDown: () => void;
  /** Gives up the first start. */
  readonly signal: AbortSignal;
}

export interface Supervisor extends AsyncDisposable {
  readonly up: boolean;
  /** Times it came up again. */
  readonly restarts: number;
  /** Brings the running MediaMTX in line with its `live` settings; true when something had to change. */
  apply(): Promise<boolean>;
  /** Kills it, because it hangs; it is then started again. */
  restart(why: string): void;
}

/**
 * Ready when this resolves. Dispose stops it for good within two seconds.
 * @throws MediamtxError when the first start fails: nothing is retried then; the signal's reason
 */
export async function startMediamtx(options: SupervisorOptions): Promise<Supervisor> {
  const supervisor = new RestartingSupervisor(options);
  await supervisor.start();
  return supervisor;
}

class RestartingSupervisor implements Supervisor {
  readonly #options: SupervisorOptions;
  readonly #backoff = new Backoff({ firstMs: 200, maxMs: 10_000 });
  readonly #stopping = new AbortController();
  #run: Run | undefined;
  #kept: Promise<void> = Promise.resolve();
  restarts = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get up(): boolean {
    return this.#run !== undefined;
  }

  async start(): Promise<void> {
    const { signal } = this.#options;
    const giveUp = (): void => this.#stopping.abort(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", giveUp);
    try {
      this.#kept = this.#keep(await launch(this.#options, this.#stopping.signal));
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  async apply(): Promise<boolean> {
    return (await this.#run?.apply()) ?? false;
  }

  restart(why: string): void {
    if (this.#run === undefined) return;
    this.#options.log.error(`MediaMTX hangs (${why}): it is killed and started again`);
    this.#run.process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new DOMException("the bridge stops", "AbortError"));
    await this.#run?.process.stop(stopMs);
    await this.#kept;
  }

  async #keep(first: Run): Promise<void> {
    const { clock, log, onUp, onDown } = this.#options;
    for (let run: Run | undefined = first; run !== undefined; run = await this.#again()) {
      const sinceMs = clock.monotonic();
      this.#run = run;
      onUp(run.api);
      const { how, lastError } = await run.process.exited;
      this.#run = undefined;
      onDown();
      if (this.#stopping.signal.aborted) return;
      if (clock.monotonic() - sinceMs >= healthyMs) this.#backoff.reset();
      log.error(`MediaMTX ended (${how}): it is started again`, lastError === undefined ? {} : { lastError });
    }
  }

  /** The next run that comes up; undefined when the bridge stops first. */
  async #again(): Promise<Run | undefined> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      try {
        await clock.wait(this.#backoff.next(), signal);
        const run = await launch(this.#options, signal);
        this.restarts += 1;
        return run;
      } catch (error) {
        if (signal.aborted) return undefined;
        log.error("MediaMTX does not come up; trying again", { error });
      }
    }
  }
}
