// One path while it is watched: an RTSP session kept open, and opened again when it ends or when
// pictures of another kind come. Where the pictures come from is not decided here.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import { publish } from "../rtsp/publisher.ts";
import type { Fed } from "./feeder.ts";
import type { Shown } from "./lane.ts";
import { Outlet } from "./outlet.ts";

export interface OutputOptions {
  /** `rtsp://[USER:PASS@]HOST:PORT/PATH`. */
  readonly url: string;
  /** Told in the session's description. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** The path is free then: the one before it has ended. */
  readonly after?: Promise<void> | undefined;
  /** Readers wait for a key picture. */
  readonly onKeyNeeded: () => void;
  readonly onSent: (bytes: number) => void;
}

/** Between two tries to publish; the first comes at once, for readers wait. */
const publishDelaysMs = [0, 250, 500, 1000, 2000] as const;
const stablePublishMs = 5000;

export class Output {
  /** Resolves when the path is free. Never rejects. */
  readonly done: Promise<void>;
  readonly #options: OutputOptions;
  readonly #outlet: Outlet;
  /** Of what is published now, or will be. */
  #sets: ParameterSets | undefined;
  #setsKnown = Promise.withResolvers<void>();
  #shown: Shown | undefined;
  #trouble: string | null = null;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#outlet = new Outlet(options);
    this.done = this.#run();
  }

  /** What readers see; undefined while none sees anything. */
  get shown(): Shown | undefined {
    return this.#outlet.isOpen ? this.#shown : undefined;
  }

  /** Why the last session ended, in words; null while one is open. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** A reader is attached. */
  joined(): void {
    this.#outlet.joined();
  }

  /** Pictures that need these are to come: the path is published with them. */
  announce(sets: ParameterSets): void {
    this.#sets = sets;
    this.#setsKnown.resolve();
    this.#setsKnown = Promise.withResolvers();
  }

  offer(unit: AccessUnit, { shown, capturedMs }: Fed): void {
    this.#shown = shown;
    this.#outlet.offer(unit, capturedMs);
  }

  async #run(): Promise<void> {
    await this.#options.after;
    try {
      await this.#publish();
    } catch (error) {
      this.#options.log.error("the path broke", { error });
    }
  }

  async #publish(): Promise<void> {
    const { clock, signal, log } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const sets = await this.#currentSets();
      if (sets === undefined) return;
      const startedMs = clock.monotonic();
      const trouble = await this.#session(sets);
      if (signal.aborted || trouble === null) continue;
      if (clock.monotonic() - startedMs > stablePublishMs) failures = 0;
      this.#trouble = trouble;
      log.warn("the RTSP session ended and is opened again", { reason: trouble });
      const delayMs = publishDelaysMs[Math.min(failures, publishDelaysMs.length - 1)] ?? 0;
      failures += 1;
      await clock.wait(delayMs, signal).catch(() => undefined);
    }
  }

  /** One RTSP session. Why it ended, or null when pictures of another kind are to be announced. */
  async #session(sets: ParameterSets): Promise<string | null> {
    const { url, name, clock, signal, onKeyNeeded } = this.#options;
    const over = new AbortController();
    try {
      const publisher = await publish({
        url,
        name,
        parameterSets: sets,
        clock,
        signal: AbortSignal.any([signal, over.signal]),
        onKeyNeeded,
      });
      this.#trouble = null;
      this.#outlet.attach(publisher);
      const why = await Promise.race([publisher.closed, this.#otherSets(sets, over.signal)]);
      over.abort();
      await publisher.closed;
      return why;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      over.abort();
      this.#outlet.detach();
    }
  }

  /** Those that are announced; undefined when the output ends first. */
  async #currentSets(): Promise<ParameterSets | undefined> {
    const { signal } = this.#options;
    while (this.#sets === undefined && !signal.aborted) {
      await Promise.race([this.#setsKnown.promise, aborted(signal)]);
    }
    return this.#sets;
  }

  /** Resolves with null when others are announced than these, or the session is over. */
  async #otherSets(sets: ParameterSets, over: AbortSignal): Promise<null> {
    while (!over.aborted && (this.#sets === undefined || areEqual(this.#sets, sets))) {
      await Promise.race([this.#setsKnown.promise, aborted(over)]);
    }
    return null;
  }
}

function areEqual(one: ParameterSets, other: ParameterSets): boolean {
  return Buffer.compare(one.sps, other.sps) === 0 && Buffer.compare(one.pps, other.pps) === 0;
}

/** Resolves with undefined when the signal aborts. */
export async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return undefined;
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
