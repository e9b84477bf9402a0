// Which picture an encoder is given next, and when: each fresh one at once, else the last one again
// so that no viewer sees a silence, else a slate. What each of its outputs takes, ./lane.ts says. It
// drives one encoder after another, and neither starts nor ends them.

import type { Clock } from "@gantry/platform/clock";
import type { AccessUnit } from "../ffmpeg/flv.ts";
import type { Encoder } from "../ffmpeg/process.ts";
import type { Take } from "../ffmpeg/steering.ts";
import { Alarm } from "./alarm.ts";
import { repeatMs, type Choice, type Lane, type Shown } from "./lane.ts";
import { Pace } from "./pace.ts";
import type { Picture } from "./source.ts";
import { Stamps } from "./stamps.ts";

export interface FeederOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The last picture of an earlier broadcast. */
  readonly lastPicture: Picture | undefined;
  /** The camera's time between two pictures as it was then, ms; 0 when it is not known. */
  readonly intervalMs: number;
  /** The slate for this moment, or undefined while it is drawn; `turn` is called when it is. */
  readonly slate: () => Uint8Array | undefined;
  /** A picture was left out for this lane: the encoder was busy, or the lane is slower. */
  readonly onDropped: (lane: Lane) => void;
  /** A picture was repeated. */
  readonly onHeld: (lane: Lane) => void;
  /** This unit is to be shown once more, without an encoder. */
  readonly onAgain: (lane: Lane, unit: AccessUnit, fed: Fed) => void;
}

/** What an access unit shows. */
export interface Fed {
  readonly shown: Shown;
  /** When the picture was taken or repeated, monotonic ms. */
  readonly capturedMs: number;
}

/** How an encoder begins. */
export interface Beginning {
  /** Its first picture may wait so long for the camera, ms. */
  readonly patienceMs: number;
  /** Stamp of the picture that it has been given already. */
  readonly primedMs?: number | undefined;
  /** Lanes that another encoder fed until now, and that go on without a gap. */
  readonly goesOn?: readonly Lane[];
}

/** Everything about the encoder in use. */
interface Run {
  readonly encoder: Encoder;
  /** In the order of its outputs. */
  readonly lanes: readonly Lane[];
  readonly stamps: Stamps;
  /** Until then a fresh picture is preferred to what is at hand. */
  readonly patientUntilMs: number;
  epochMs: number | undefined;
  lastUnitMs: number;
  lastSlateMs: number;
  /** Undecodable pictures it had told of when the last unit came. */
  undecodable: number;
  /** It is given nothing more; this is called when all has come back. */
  onSettled: (() => void) | undefined;
}

/** An older picture would tell a viewer something that is no longer so. */
const maxHeldMs = 30_000;

export class Feeder {
  readonly #options: FeederOptions;
  readonly #alarm: Alarm;
  readonly #pace: Pace;
  #run: Run | undefined;
  /** Arrived, not yet fed. */
  #fresh: Picture | undefined;
  /** The newest one fed, or passed over because no lane takes that many. */
  #newest: Picture | undefined;
  /** The newest one that came out of an encoder. */
  #proven: Picture | undefined;
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
    if (this.#fresh !== undefined) for (const lane of this.#run?.lanes ?? []) this.#options.onDropped(lane);
    this.#fresh = picture;
    this.turn();
  }

  /** Shows this lane the newest picture as a key picture as soon as may be. */
  requestKey(lane: Lane): void {
    lane.requestKey(this.#options.clock.monotonic());
    this.turn();
  }

  /** Feeds this encoder from now on; `lanes` in the order of its outputs. */
  attach(encoder: Encoder, lanes: readonly Lane[], { patienceMs, primedMs, goesOn = [] }: Beginning): void {
    const now = this.#options.clock.monotonic();
    for (const lane of lanes) lane.begin(goesOn.includes(lane));
    this.#run = {
      encoder,
      lanes,
      stamps: new Stamps(primedMs),
      patientUntilMs: now + patienceMs,
      epochMs: undefined,
      lastUnitMs: now,
      lastSlateMs: -Infinity,
      undecodable: encoder.undecodable,
      onSettled: undefined,
    };
    this.turn();
  }

  /** The encoder is gone. What it never gave back may be what ended it, and is not tried again. */
  detach(): void {
    this.#run?.onSettled?.();
    this.#run = undefined;
    this.#newest = this.#proven;
  }

  /**
   * Feeds the encoder nothing more, so that another can take over: what comes meanwhile waits for
   * that one. Resolves when all that it was fed has come back, or it is gone.
   */
  async settled(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    await new Promise<void>((resolve) => {
      run.onSettled = resolve;
      this.#tellSettled(run);
    });
  }

  /** What this unit of the encoder in use shows; undefined when it answers nothing that was fed. */
  came(lane: Lane, unit: AccessUnit): Fed | undefined {
    const run = this.#run;
    const choice = run?.lanes.includes(lane) === true ? lane.came(unit) : undefined;
    if (run === undefined || choice === undefined) return undefined;
    run.lastUnitMs = this.#options.clock.monotonic();
    if (choice.picture !== undefined) {
      this.#proven = choice.picture;
      run.undecodable = run.encoder.undecodable;
    }
    this.#tellSettled(run);
    return { shown: choice.shown, capturedMs: choice.capturedMs };
  }

  /** Feeds what is due, or waits until something is. */
  turn(): void {
    const run = this.#run;
    if (run === undefined || run.onSettled !== undefined) return;
    if (run.encoder.busy || this.#options.signal.aborted) return;
    const now = this.#options.clock.monotonic();
    if (this.#fresh !== undefined && !this.#needsSlate(run, now)) this.#show(run, this.#fresh, now);
    else if (!this.#repeatDue(run, now)) return;
    this.#alarm.set(Math.min(...run.lanes.map((lane) => this.#dueMs(run, lane, now))));
  }

  #show(run: Run, picture: Picture, now: number): void {
    this.#fresh = undefined;
    this.#newest = picture;
    const takers = run.lanes.filter((lane) => lane.takes(picture.arrivedMs) || run.stamps.isNew);
    for (const lane of run.lanes) if (!takers.includes(lane)) this.#options.onDropped(lane);
    if (takers.length === 0) return;
    this.#feed(run, { jpeg: picture.jpeg, picture, shown: "live", capturedMs: picture.arrivedMs }, takers, now);
  }

  /** Repeats a picture for those whose time has come. False when there is none to repeat yet. */
  #repeatDue(run: Run, now: number): boolean {
    const due = run.lanes.filter((lane) => this.#dueMs(run, lane, now) <= now);
    if (due.length === 0) return true;
    const choice = this.#repeat(now);
    if (choice === undefined) return false;
    // An encoder's first picture goes to all of its outputs.
    const shown = run.stamps.isNew ? run.lanes : due;
    const takers = shown.filter((lane) => !this.#showAgain(run, lane, choice, now));
    if (takers.length > 0) this.#feed(run, choice, takers, now);
    for (const lane of shown) this.#options.onHeld(lane);
    return true;
  }

  #dueMs(run: Run, lane: Lane, now: number): number {
    if (this.#needsSlate(run, now)) return now;
    return lane.dueMs(now, this.#pace, this.#heardMs, run.patientUntilMs);
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

  #showAgain(run: Run, lane: Lane, choice: Choice, now: number): boolean {
    const unit = this.isBlind ? undefined : lane.again(choice, now);
    if (unit === undefined) return false;
    const { shown, capturedMs } = choice;
    this.#options.onAgain(lane, unit, { shown, capturedMs });
    run.lastUnitMs = capturedMs;
    return true;
  }

  #feed(run: Run, choice: Choice, takers: readonly Lane[], now: number): void {
    const { jpeg, capturedMs } = choice;
    run.epochMs ??= capturedMs - run.stamps.beginsAtMs;
    const elapsedMs = capturedMs - run.epochMs;
    const skipping = takers.filter((lane) => lane.takesNextId());
    // Not written down, so what comes out of it goes nowhere.
    if (skipping.length > 0) run.encoder.feed(jpeg, run.stamps.next(elapsedMs), takes(run, skipping, skipping));
    const keys = takers.filter((lane) => skipping.includes(lane) || lane.needsKey(capturedMs));
    const stampMs = run.stamps.next(elapsedMs);
    run.encoder.feed(jpeg, stampMs, takes(run, takers, keys));
    for (const lane of takers) lane.fed(choice, stampMs, keys.includes(lane), now);
    if (choice.picture === undefined) run.lastSlateMs = now;
  }

  #tellSettled(run: Run): void {
    if (run.lanes.every((lane) => lane.isSettled)) run.onSettled?.();
  }
}

function takes({ lanes }: Run, takers: readonly Lane[], keys: readonly Lane[]): Take[] {
  return lanes.map((lane) => {
    if (keys.includes(lane)) return "key";
    return takers.includes(lane) ? "plain" : "none";
  });
}
