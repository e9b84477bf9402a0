// What one output of the encoder is given, and when its next picture is due: readers of it expect a
// key picture each second, no silence, and a key picture at once when they join. It looks at no
// picture itself: ./feeder.ts has them.

import type { AccessUnit } from "../ffmpeg/flv.ts";
import type { Pace } from "./pace.ts";
import { RateLimit } from "./rate-limit.ts";
import type { Picture } from "./source.ts";
import { Still } from "./still.ts";

/** Which of a camera's two streams: as it is, or small and slow. */
export type LaneName = "main" | "sub";

/** live: the camera sends. held: it is silent and its last picture is repeated. slate: that is too old. */
export type Shown = "live" | "held" | "slate";

/** One picture to be encoded or repeated. */
export interface Choice {
  readonly jpeg: Uint8Array;
  /** Undefined for a slate. */
  readonly picture: Picture | undefined;
  readonly shown: Shown;
  /** When it was taken or repeated, monotonic ms. */
  readonly capturedMs: number;
}

/** No viewer is left without a picture for longer; MediaMTX and most readers give up at 5…10 s. */
export const repeatMs = 1000;
/**
 * Right after a viewer comes to a slow or silent camera, pictures are repeated faster: FFmpeg, and
 * with it Home Assistant, Frigate and Jellyfin, reads some 20 pictures of a stream, or 5 s of it,
 * before it shows the first one. A camera of a usual rate, from two a second up, gets no repeats.
 */
const brisk = { repeatMs: 80, forMs: 3000, fromIntervalMs: 700 };
/** A key picture asked for right after another would cost bits and show nothing new. */
const keySpacingMs = 60;
/** Readers cut and join at key pictures and expect one a second: the picture nearest to it is the one. */
const keyEveryMs = 1000;
const maxEarlyMs = 100;

export class Lane {
  readonly name: LaneName;
  #rate = Infinity;
  #limit: RateLimit | undefined;
  #still = new Still();
  /** In the encoder, not yet back. */
  readonly #fed = new Map<number, Choice>();
  #lastFedMs: number | undefined;
  #lastCapturedMs = -Infinity;
  /** Shown last, and encoded last. */
  #lastKeyMs = -Infinity;
  #lastCodedKeyMs = -Infinity;
  #mustBegin = true;
  #keyWanted = false;
  #briskUntilMs = -Infinity;

  constructor(name: LaneName) {
    this.name = name;
  }

  /** It takes no more pictures than that per second; Infinity, as at first: all. */
  set maxFramesPerSecond(rate: number) {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#limit = rate === Infinity ? undefined : new RateLimit(rate);
  }

  /** Everything that went into the encoder has come out. */
  get isSettled(): boolean {
    return this.#fed.size === 0;
  }

  /**
   * Another encoder begins, so with a key picture. One that takes over from another at work goes on
   * in time; else the lane begins anew.
   */
  begin(goesOn: boolean): void {
    this.#still = new Still();
    this.#fed.clear();
    this.#mustBegin = true;
    if (goesOn) return;
    this.#lastFedMs = undefined;
    this.#lastKeyMs = -Infinity;
  }

  /** A viewer waits for a key picture. */
  requestKey(now: number): void {
    this.#keyWanted = true;
    this.#briskUntilMs = now + brisk.forMs;
  }

  /** Whether this picture of the camera is one of its own, by its rate. */
  takes(arrivedMs: number): boolean {
    const isDue = this.#limit?.take(arrivedMs) ?? true;
    return isDue || this.#mustBegin || this.#keyWanted;
  }

  /** When something is fed even if nothing fresh comes, monotonic ms. */
  dueMs(now: number, pace: Pace, heardMs: number, patientUntilMs: number): number {
    if (this.#lastFedMs === undefined) return patientUntilMs;
    const keyMs = this.#keyWanted ? this.#lastKeyMs + keySpacingMs : Infinity;
    return Math.min(this.#repeatDueMs(this.#lastFedMs, now, pace, heardMs), keyMs);
  }

  /** The unit that shows `choice` once more without an encoder; undefined while only the encoder can. */
  again(choice: Choice, now: number): AccessUnit | undefined {
    if (this.#mustBegin || (!this.#keyWanted && now < this.#briskUntilMs)) return undefined;
    const unit = this.#still.again(choice.jpeg);
    if (unit === undefined) return undefined;
    this.#lastFedMs = choice.capturedMs;
    this.#lastKeyMs = choice.capturedMs;
    this.#lastCapturedMs = choice.capturedMs;
    this.#keyWanted = false;
    return unit;
  }

  /** The encoder must make one key picture more, which goes nowhere: ./still.ts says why. Told once. */
  takesNextId(): boolean {
    return this.#still.takesNextId();
  }

  /** Whether a picture taken then must be a key picture. */
  needsKey(capturedMs: number): boolean {
    const earlyMs = Math.min((capturedMs - this.#lastCapturedMs) / 2, maxEarlyMs);
    const isDue = capturedMs - this.#lastCodedKeyMs + earlyMs >= keyEveryMs;
    return this.#mustBegin || isDue || this.#isKeyAsked(capturedMs);
  }

  /** The encoder was given this at `now`. */
  fed(choice: Choice, stampMs: number, key: boolean, now: number): void {
    const { capturedMs } = choice;
    if (this.#lastFedMs === undefined) this.#briskUntilMs = now + brisk.forMs;
    // The first picture of an encoder is a key picture whoever asked.
    if (this.#mustBegin || this.#isKeyAsked(capturedMs)) this.#keyWanted = false;
    this.#mustBegin = false;
    this.#fed.set(stampMs, choice);
    this.#lastFedMs = now;
    this.#lastCapturedMs = capturedMs;
    if (!key) return;
    this.#lastKeyMs = capturedMs;
    this.#lastCodedKeyMs = capturedMs;
  }

  /** What this unit shows; undefined when it answers nothing that was fed. */
  came(unit: AccessUnit): Choice | undefined {
    const choice = this.#fed.get(unit.stampMs);
    if (choice === undefined) return undefined;
    // Units come in order: what was fed before and is missing never comes.
    for (const stamp of this.#fed.keys()) if (stamp <= unit.stampMs) this.#fed.delete(stamp);
    this.#still.came(choice.jpeg, unit);
    return choice;
  }

  #isKeyAsked(capturedMs: number): boolean {
    return this.#keyWanted && capturedMs - this.#lastKeyMs >= keySpacingMs;
  }

  /** When a picture has stood long enough to be repeated. */
  #repeatDueMs(lastFedMs: number, now: number, pace: Pace, heardMs: number): number {
    const usualMs = lastFedMs + repeatMs;
    if (now >= this.#briskUntilMs) return usualMs;
    const { intervalMs } = pace;
    // A camera that may yet send is waited for; how long, its rate says.
    const silentMs = heardMs + (intervalMs === 0 ? brisk.fromIntervalMs : 3 * intervalMs);
    const isSlow = intervalMs > brisk.fromIntervalMs;
    return Math.min(
      usualMs,
      Math.max(lastFedMs + Math.max(brisk.repeatMs, 1000 / this.#rate), isSlow ? -Infinity : silentMs),
    );
  }
}
