// Where a stream's access units leave: through the RTSP session when there is one. Until a reader
// is attached the first ones are held back, for a server hands on only what comes after a reader.

import type { Clock } from "@gantry/platform/clock";
import type { AccessUnit } from "../ffmpeg/flv.ts";
import type { Publisher } from "../rtsp/publisher.ts";
import { Alarm } from "./alarm.ts";

export interface OutletOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Nothing useful is held: readers need a key picture. */
  readonly onKeyNeeded: () => void;
  readonly onSent: (bytes: number) => void;
}

interface Held {
  readonly unit: AccessUnit;
  readonly capturedMs: number;
  readonly atMs: number;
}

/** The server tells of a reader within a few ms of the session's start; when not, somebody waits in vain. */
const maxHoldMs = 60;
const maxHeldUnits = 10;
/** Older pictures would arrive in a burst and late. */
const maxHeldMs = 500;

export class Outlet {
  readonly #options: OutletOptions;
  readonly #alarm: Alarm;
  #publisher: Publisher | undefined;
  #open = false;
  /** A key picture and what came after it, or nothing. */
  #held: Held[] = [];
  /** Pictures came that could not be held: the next one is no beginning. */
  #missed = false;
  /** Something went into the session, so that who joins now has missed a key picture. */
  #sent = false;

  constructor(options: OutletOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.signal, () => this.#release());
  }

  /** A session takes pictures and none is held back. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Pictures go to this session, held until a reader joins or a moment has passed. */
  attach(publisher: Publisher): void {
    this.#publisher = publisher;
    this.#sent = false;
    this.#alarm.set(this.#options.clock.monotonic() + maxHoldMs);
  }

  /** The session is gone. */
  detach(): void {
    this.#publisher = undefined;
    this.#open = false;
    this.#held = [];
  }

  /**
   * A reader is attached. What was held back, or else the first picture that comes, serves those who
   * are early; any other needs a key picture.
   */
  joined(): void {
    if (this.#publisher !== undefined && !this.#open) this.#release();
    else if (this.#sent) this.#options.onKeyNeeded();
  }

  offer(unit: AccessUnit, capturedMs: number): void {
    if (this.#open) this.#send(unit, capturedMs);
    else this.#hold({ unit, capturedMs, atMs: this.#options.clock.monotonic() });
  }

  #hold(held: Held): void {
    if (held.unit.key) this.#held = [held];
    else if (this.#held.length > 0 && this.#held.length < maxHeldUnits) this.#held.push(held);
    else this.#held = [];
    this.#missed = this.#held.length === 0;
  }

  #release(): void {
    if (this.#publisher === undefined || this.#open) return;
    this.#open = true;
    const held = this.#held;
    this.#held = [];
    const [first] = held;
    const isOld = first !== undefined && this.#options.clock.monotonic() - first.atMs > maxHeldMs;
    if (this.#missed || isOld) this.#options.onKeyNeeded();
    else for (const { unit, capturedMs } of held) this.#send(unit, capturedMs);
    this.#missed = false;
  }

  #send(unit: AccessUnit, capturedMs: number): void {
    const bytes = this.#publisher?.send(unit, capturedMs) ?? 0;
    if (bytes === 0) return;
    this.#sent = true;
    this.#options.onSent(bytes);
  }
}
