// A camera's own H.264 on its RTSP path, as it comes, for as long as it can be kept up: one session with
// the RTSP server. While the camera is silent its last key picture is repeated, so that viewers keep their
// session through a reconnection. What is shown before and after is ./switch.ts's business.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import { publish, type Publisher } from "../rtsp/publisher.ts";

export interface RelayOptions {
  /** `rtsp://[USER:PASS@]HOST:PORT/PATH`. */
  readonly url: string;
  readonly name: string;
  readonly parameterSets: ParameterSets;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
  readonly onHeld: () => void;
}

/** A camera that is silent for longer is made up for. */
const silenceMs = 2000;
const repeatMs = 1000;
/** Longer silences are told by a slate. */
const maxHoldMs = 30_000;
/** Viewers take their time from the announcement to the first picture: until one is there, none is sent. */
const maxWaitMs = 1500;
const maxWaiting = 120;

export class Relay {
  /** Why it ended: "silent", "sets" for pictures of another kind, or the server's words. Never rejects. */
  readonly done: Promise<string>;
  readonly #options: RelayOptions;
  readonly #over = new AbortController();
  #publisher: Publisher | undefined;
  #open = false;
  #waiting: { readonly unit: AccessUnit; readonly capturedMs: number }[] = [];
  #lastKey: AccessUnit | undefined;
  #cameMs: number;
  #sentMs: number;
  #holding = false;
  #sent = false;
  #newestMs = Number.NEGATIVE_INFINITY;
  /** Added to the camera's times, which may lie a little before those of repeated pictures. */
  #laterMs = 0;

  /** Begins at once; the first picture must be a key picture. */
  constructor(options: RelayOptions) {
    this.#options = options;
    this.#cameMs = options.clock.monotonic();
    this.#sentMs = this.#cameMs;
    this.done = this.#run();
  }

  /** Repeats what came last. */
  get holding(): boolean {
    return this.#holding;
  }

  /** A picture has gone out. */
  get sent(): boolean {
    return this.#sent;
  }

  /** A viewer is there. */
  joined(): void {
    this.#release();
  }

  picture(unit: AccessUnit, capturedMs: number, sets: ParameterSets): void {
    if (Buffer.compare(sets.sps, this.#options.parameterSets.sps) !== 0) return this.#over.abort("sets");
    this.#cameMs = this.#options.clock.monotonic();
    if (unit.key) this.#lastKey = unit;
    // After a repeated key picture the ones that lean on a later one cannot be decoded.
    if (this.#holding && !unit.key) return;
    if (this.#holding) this.#laterMs = Math.max(0, this.#newestMs + 10 - capturedMs);
    this.#holding = false;
    if (this.#open) this.#send(unit, capturedMs + this.#laterMs);
    else this.#wait(unit, capturedMs);
  }

  #wait(unit: AccessUnit, capturedMs: number): void {
    if (unit.key) this.#waiting = [];
    if (unit.key || (this.#waiting.length > 0 && this.#waiting.length < maxWaiting)) {
      this.#waiting.push({ unit, capturedMs });
    }
  }

  #release(): void {
    if (this.#publisher === undefined || this.#open) return;
    this.#open = true;
    for (const { unit, capturedMs } of this.#waiting) this.#send(unit, capturedMs);
    this.#waiting = [];
  }

  #send(unit: AccessUnit, capturedMs: number): void {
    const bytes = this.#publisher?.send(unit, capturedMs) ?? 0;
    this.#sentMs = this.#options.clock.monotonic();
    this.#newestMs = Math.max(this.#newestMs, capturedMs);
    if (bytes === 0) return;
    this.#sent = true;
    this.#options.onSent(bytes);
  }

  async #run(): Promise<string> {
    const { url, name, parameterSets, clock, signal } = this.#options;
    const either = AbortSignal.any([signal, this.#over.signal]);
    try {
      this.#publisher = await publish({
        url,
        name,
        parameterSets,
        verbatim: true,
        clock,
        signal: either,
        onKeyNeeded: () => undefined,
      });
      const kept = this.#keepUp(either);
      const reason = await this.#publisher.closed;
      this.#over.abort(reason);
      await kept;
    } catch (error) {
      this.#over.abort(error instanceof Error ? error.message : String(error));
    }
    return String(this.#over.signal.reason);
  }

  /** Opens the way after a while, and repeats what came last while nothing comes. */
  async #keepUp(signal: AbortSignal): Promise<void> {
    const { clock, onHeld } = this.#options;
    const openMs = clock.monotonic() + maxWaitMs;
    while (!signal.aborted) {
      await clock.wait(250, signal).catch(() => undefined);
      const now = clock.monotonic();
      if (now >= openMs) this.#release();
      if (signal.aborted || !this.#open || this.#lastKey === undefined) continue;
      if (now - this.#cameMs > maxHoldMs) return this.#over.abort("silent");
      const dueMs = this.#holding ? repeatMs : silenceMs;
      if (now - this.#sentMs < dueMs) continue;
      this.#holding = true;
      this.#send(this.#lastKey, now);
      onHeld();
    }
  }
}
