// Which picture an encoder is given next, and when: each fresh one at once, else the last one again
// so that no viewer sees a silence, else a slate. It drives one encoder after another, and neither
// starts nor ends them.

import type { Clock } from "@gantry/platform/clock";
import type { AccessUnit } from "../ffmpeg/flv.ts";
import type { Encoder } from "../ffmpeg/process.ts";
import { Alarm } from "./alarm.ts";
import { Pace } from "./pace.ts";
import type { Picture } from "./source.ts";
import { Stamps } from "./stamps.ts";
import { Still } from "./still.ts";

/** live: the camera sends. held: it is silent and its last picture is repeated. slate: that is too old. */
export type Shown = "live" | "held" | "slate";

export interface FeederOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The last picture of an earlier broadcast. */
  readonly lastPicture: Picture | undefined;
  /** The camera's time between two pictures as it was then, ms; 0 when it is not known. */
  readonly intervalMs: number;
  /** The slate for this moment, or undefined while it is drawn; `turn` is called when it is. */
  readonly slate: () => Uint8Array | undefined;
  /** A picture was left out because the encoder was busy. */
  readonly onDropped: () => void;
  /** A picture was repeated. */
  readonly onHeld: () => void;
  /** This unit is to be shown once more, without an encoder. */
  readonly onAgain: (unit: AccessUnit, fed: Fed) => void;
}

/** What an access unit shows. */
export interface Fed {
  readonly shown: Shown;
  /** When the picture was taken or repeated, monotonic ms. */
  readonly capturedMs: number;
}

interface Choice {
  readonly jpeg: Uint8Array;
  readonly picture: Picture | undefined;
  readonly shown: Shown;
  readonly capturedMs: number;
}

/** Everything about the encoder in use. */
interface Run {
  readonly encoder: Encoder;
  readonly stamps: Stamps;
  readonly still: Still;
  readonly fed: Map<number, Choice>;
  /** Until then a fresh picture is preferred to what is at hand. */
  readonly patientUntilMs: number;
  epochMs: number;
  lastFedMs: number | undefined;
  lastKeyMs: number;
  lastUnitMs: number;
  lastSlateMs: number;
  /** Undecodable pictures it had told of when the last unit came. */
  undecodable: number;
}

/** No viewer is left without a picture for longer; MediaMTX and most readers give up at 5…10 s. */
const repeatMs = 1000;
/**
 * Right after a viewer comes to a slow or silent camera, pictures are repeated faster: FFmpeg, and
 * with it Home Assistant, Frigate and Jellyfin, reads some 20 pictures of a stream, or 5 s of it,
 * before it shows the first one. A camera of a usual rate needs no help, and gets no repeats.
 */
const brisk = { repeatMs: 80, forMs: 3000, fromIntervalMs: 400 };
/** An older picture would tell a viewer something that is no longer so. */
const maxHeldMs = 30_000;
/** A key picture asked for right after another would cost bits and show nothing new. */
const keySpacingMs = 60;

export class Feeder {
  readonly #options: FeederOptions;
  readonly #alarm: Alarm;
  readonly #pace: Pace;
  #run: Run | undefined;
  /** Arrived, not yet fed. */
  #fresh: Picture | undefined;
  /** The newest one fed. */
  #newest: Picture | undefined;
  /** The newest one that came out of an encoder. */
  #proven: Picture | undefined;
  #keyWanted = false;
  #briskUntilMs = -Infinity;
  /** When the camera was last heard of, or could have been. */
  #heardMs: number;

  constructor(options: FeederOptions) {
    this.#options = options;
    this.#pace = new Pace(options.intervalMs);
    this.#heardMs = options.clock.monotonic();
    this.#proven = options.lastPicture;
    this.#newest = options.lastPicture;
    this.#alarm = new Alarm(options.clock, options.signal, () => this.turn());
  }

  /** The newest picture an encoder could read. */
  get lastPicture(): Picture | undefined {
    return this.#proven;
  }

  /** The camera's time between two pictures, ms; 0 while it is not known. */
  get intervalMs(): number {
    return this.#pace.intervalMs;
  }

  /** The camera sends what its encoder cannot decode. */
  get isBlind(): boolean {
    return this.#run !== undefined && this.#run.encoder.undecodable > this.#run.undecodable;
  }

  /** A picture of the camera: the newest replaces one that still waits. */
  picture(picture: Picture): void {
    this.#pace.count(picture.arrivedMs);
    this.#heardMs = picture.arrivedMs;
    if (this.#fresh !== undefined) this.#options.onDropped();
    this.#fresh = picture;
    this.turn();
  }

  /** Shows the newest picture as a key picture as soon as may be. */
  requestKey(): void {
    this.#keyWanted = true;
    this.#briskUntilMs = this.#options.clock.monotonic() + brisk.forMs;
    this.turn();
  }

  /**
   * Feeds this encoder from now on; its first picture may wait `patienceMs` for the camera. One that
   * was primed has already been given a picture with the stamp `primedMs`.
   */
  attach(encoder: Encoder, patienceMs: number, primedMs?: number): void {
    const now = this.#options.clock.monotonic();
    this.#run = {
      encoder,
      stamps: new Stamps(primedMs),
      still: new Still(),
      fed: new Map(),
      patientUntilMs: now + patienceMs,
      epochMs: now,
      lastFedMs: undefined,
      lastKeyMs: -Infinity,
      lastUnitMs: now,
      lastSlateMs: -Infinity,
      undecodable: 0,
    };
    this.turn();
  }

  /** The encoder is gone. What it never gave back may be what ended it, and is not tried again. */
  detach(): void {
    this.#run = undefined;
    this.#newest = this.#proven;
  }

  /** What this unit of the encoder in use shows; undefined when it answers nothing that was fed. */
  came(unit: AccessUnit): Fed | undefined {
    const run = this.#run;
    const choice = run?.fed.get(unit.stampMs);
    if (run === undefined || choice === undefined) return undefined;
    // Units come in order: what was fed before and is missing never comes.
    for (const stamp of run.fed.keys()) if (stamp <= unit.stampMs) run.fed.delete(stamp);
    run.lastUnitMs = this.#options.clock.monotonic();
    run.still.came(choice.jpeg, unit);
    if (choice.picture !== undefined) {
      this.#proven = choice.picture;
      run.undecodable = run.encoder.undecodable;
    }
    return { shown: choice.shown, capturedMs: run.epochMs + unit.stampMs };
  }

  /** Feeds what is due, or waits until something is. */
  turn(): void {
    const run = this.#run;
    if (run === undefined || run.encoder.busy || this.#options.signal.aborted) return;
    const now = this.#options.clock.monotonic();
    const choice = this.#choose(run, now);
    if (choice === undefined) return;
    const isRepeat = choice.picture === undefined || choice.picture !== this.#fresh;
    const isStill = isRepeat && (this.#keyWanted || now >= this.#briskUntilMs);
    const unit = isStill && !this.isBlind ? run.still.again(choice.jpeg) : undefined;
    if (unit === undefined) this.#feed(run, choice, now);
    else this.#showAgain(run, choice, unit);
  }

  #choose(run: Run, now: number): Choice | undefined {
    if (this.#fresh !== undefined && !this.#needsSlate(run, now)) {
      const picture = this.#fresh;
      return { jpeg: picture.jpeg, picture, shown: "live", capturedMs: picture.arrivedMs };
    }
    const dueMs = this.#dueMs(run, now);
    if (now < dueMs) {
      this.#alarm.set(dueMs);
      return undefined;
    }
    return this.#repeat(now);
  }

  /** When something is fed even if nothing fresh comes. */
  #dueMs(run: Run, now: number): number {
    if (this.#needsSlate(run, now)) return now;
    if (run.lastFedMs === undefined) return run.patientUntilMs;
    const keyMs = this.#keyWanted ? run.lastKeyMs + keySpacingMs : Infinity;
    return Math.min(this.#repeatDueMs(run.lastFedMs, now), keyMs);
  }

  /** When a picture has stood long enough to be repeated. */
  #repeatDueMs(lastFedMs: number, now: number): number {
    const usualMs = lastFedMs + repeatMs;
    if (now >= this.#briskUntilMs) return usualMs;
    const { intervalMs } = this.#pace;
    // A camera that may yet send is waited for; how long, its rate says.
    const silentMs = this.#heardMs + (intervalMs === 0 ? brisk.fromIntervalMs : 3 * intervalMs);
    const isSlow = intervalMs > brisk.fromIntervalMs;
    return Math.min(usualMs, Math.max(lastFedMs + brisk.repeatMs, isSlow ? -Infinity : silentMs));
  }

  #repeat(now: number): Choice | undefined {
    const picture = this.isBlind ? undefined : this.#newest;
    const shown = picture === undefined ? "slate" : this.#freshness(picture, now);
    if (picture !== undefined && shown !== "slate") return { jpeg: picture.jpeg, picture, shown, capturedMs: now };
    const slate = this.#options.slate();
    return slate === undefined ? undefined : { jpeg: slate, picture: undefined, shown: "slate", capturedMs: now };
  }

  /** Undecodable pictures have been all for so long that a slate must come between them. */
  #needsSlate(run: Run, now: number): boolean {
    return this.isBlind && now - Math.max(run.lastUnitMs, run.lastSlateMs) >= repeatMs;
  }

  #freshness(picture: Picture, now: number): Shown {
    const ageMs = now - picture.arrivedMs;
    if (ageMs > maxHeldMs) return "slate";
    return ageMs < Math.max(repeatMs, 2 * this.#pace.intervalMs) ? "live" : "held";
  }

  #showAgain(run: Run, choice: Choice, unit: AccessUnit): void {
    const { shown, capturedMs } = choice;
    this.#options.onAgain(unit, { shown, capturedMs });
    run.lastFedMs = capturedMs;
    run.lastKeyMs = capturedMs;
    run.lastUnitMs = capturedMs;
    this.#keyWanted = false;
    this.#options.onHeld();
    this.#alarm.set(this.#dueMs(run, capturedMs));
  }

  #feed(run: Run, choice: Choice, now: number): void {
    const first = run.lastFedMs === undefined;
    if (first) run.epochMs = choice.capturedMs - run.stamps.beginsAtMs;
    const wantKey = this.#keyWanted && choice.capturedMs - run.lastKeyMs >= keySpacingMs;
    const elapsedMs = choice.capturedMs - run.epochMs;
    const isIdTaken = run.still.takesNextId();
    // Not written down, so what comes out of it goes nowhere.
    if (isIdTaken) run.encoder.feed(choice.jpeg, run.stamps.next(elapsedMs, true).stampMs);
    const { stampMs, key } = run.stamps.next(elapsedMs, wantKey || isIdTaken);
    run.encoder.feed(choice.jpeg, stampMs);
    run.fed.set(stampMs, choice);
    run.lastFedMs = now;
    if (choice.picture === undefined) run.lastSlateMs = now;
    if (key) run.lastKeyMs = choice.capturedMs;
    // The first picture of an encoder is a key picture whoever asked.
    if (first || wantKey) this.#keyWanted = false;
    if (first) this.#briskUntilMs = now + brisk.forMs;
    this.#settle(choice);
    this.#alarm.set(this.#dueMs(run, now));
  }

  #settle(choice: Choice): void {
    if (choice.picture === undefined || choice.picture !== this.#fresh) {
      this.#options.onHeld();
      return;
    }
    this.#newest = choice.picture;
    this.#fresh = undefined;
  }
}
