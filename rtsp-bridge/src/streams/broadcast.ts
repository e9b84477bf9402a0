// One stretch of being watched: the camera is read, an encoder kept running and an RTSP session
// kept open, each mending itself without the others noticing, until the signal aborts. What
// outlasts it (the last picture, the size, the counts) is the stream's: ./stream.ts.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { codedSize, encoderArguments, encoderKey, type EncoderPlan } from "../ffmpeg/args.ts";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import { startEncoder, type Encoder, type EncoderSink } from "../ffmpeg/process.ts";
import type { StreamPlan } from "../plan.ts";
import { publish } from "../rtsp/publisher.ts";
import { EncoderRestarts } from "./encoder-restarts.ts";
import { Feeder, type Fed, type Shown } from "./feeder.ts";
import type { KnownSets } from "./knowledge.ts";
import { Outlet } from "./outlet.ts";
import { readSource, type Picture } from "./source.ts";
import type { PrimedEncoder } from "./spare.ts";
import type { StreamState } from "./streams.ts";

export interface BroadcastOptions {
  readonly plan: StreamPlan;
  /** `rtsp://[USER:PASS@]HOST:PORT`. */
  readonly rtspUrl: string;
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Size of the camera's pictures as last seen. */
  readonly knownSize: PictureSize | undefined;
  readonly lastPicture: Picture | undefined;
  /** Its time between two pictures, ms; 0 when it is not known. */
  readonly intervalMs: number;
  /** What encoders are known to make, so that the path can be published before one runs. */
  readonly sets: KnownSets;
  /** An encoder in reserve that makes this, if there is one. */
  readonly takeSpare: (key: string) => PrimedEncoder | undefined;
  /** Threads for an encoder that starts now. */
  readonly threads: (size: PictureSize) => number;
  /** The slate that tells `reason`, or undefined while it is drawn; `onDrawn` is called when it is. */
  readonly slate: (size: PictureSize, reason: string, onDrawn: () => void) => Uint8Array | undefined;
  readonly events: BroadcastEvents;
}

interface BroadcastEvents {
  readonly picture: (picture: Picture) => void;
  readonly dropped: () => void;
  readonly held: () => void;
  readonly sent: (bytes: number) => void;
  readonly restarted: () => void;
}

/** A first picture may wait so long for the camera; an encoder takes about as long to start. */
const patienceMs = 100;
/** With an encoder in reserve a picture this young is shown at once instead. */
const youngMs = 30_000;
/** The same while nothing is known of the camera: the size cannot be changed later. */
const sizePatienceMs = 400;
const fallbackSize: PictureSize = { width: 1280, height: 720 };
/** Between two tries to publish; the first comes at once, for readers wait. */
const publishDelaysMs = [0, 250, 500, 1000, 2000] as const;
const stablePublishMs = 5000;

export class Broadcast {
  /** Resolves when the path is free: session and camera connection are closed. Never rejects. */
  readonly done: Promise<void>;
  readonly #options: BroadcastOptions;
  readonly #feeder: Feeder;
  readonly #outlet: Outlet;
  readonly #restarts = new EncoderRestarts();
  readonly #children = new Set<Promise<unknown>>();
  readonly #firstPicture = Promise.withResolvers<Picture>();
  #plan: StreamPlan;
  /** Aborted to have the camera, or the encoder, begin again with a new plan. */
  #sourceRun = new AbortController();
  #encoderRun = new AbortController();
  #size: PictureSize | undefined;
  /** Of the encoder that runs now. */
  #sets: ParameterSets | undefined;
  #setsKnown = Promise.withResolvers<void>();
  #shown: Shown | undefined;
  #failed = false;
  #seen = false;
  #cameraTrouble: string | null = null;
  #encoderTrouble: string | null = null;
  #serverTrouble: string | null = null;
  #lastSlate: Uint8Array | undefined;

  constructor(options: BroadcastOptions) {
    this.#options = options;
    this.#plan = options.plan;
    const { clock, signal, events } = options;
    this.#feeder = new Feeder({
      clock,
      signal,
      lastPicture: options.lastPicture,
      intervalMs: options.intervalMs,
      slate: () => this.#slate(),
      onDropped: events.dropped,
      onHeld: events.held,
      onAgain: (unit, fed) => this.#show(unit, fed),
    });
    this.#outlet = new Outlet({
      clock,
      signal,
      onKeyNeeded: () => this.#feeder.requestKey(),
      onSent: events.sent,
    });
    this.done = this.#run();
  }

  /** Resolves when every child process is gone too. */
  async settled(): Promise<void> {
    await this.done;
    await Promise.all(this.#children);
  }

  get size(): PictureSize | null {
    return this.#size ?? null;
  }

  get state(): StreamState {
    if (this.#failed) return "failed";
    if (!this.#outlet.isOpen || this.#shown === undefined) return "starting";
    return ({ live: "live", held: "holding", slate: "placeholder" } as const)[this.#shown];
  }

  /** Why it is not live; null when it is, or when there is nothing to say yet. */
  get reason(): string | null {
    const state = this.state;
    if (state === "live") return null;
    if (state === "holding" || state === "placeholder") return this.#silence;
    return this.#encoderTrouble ?? this.#serverTrouble;
  }

  /** The newest picture of the camera that an encoder could read. */
  get lastPicture(): Picture | undefined {
    return this.#feeder.lastPicture;
  }

  /** The camera's time between two pictures, ms; 0 while it is not known. */
  get intervalMs(): number {
    return this.#feeder.intervalMs;
  }

  /** Why there is no picture of the camera, in words. */
  get #silence(): string {
    if (this.#cameraTrouble !== null) return this.#cameraTrouble;
    if (!this.#seen) return "waiting for the camera";
    return this.#feeder.isBlind ? "the camera's pictures cannot be decoded" : "the camera sends no pictures";
  }

  joined(): void {
    this.#outlet.joined();
  }

  /** Goes over to a new plan of the same path; the session goes on where the coded picture stays the same. */
  update(plan: StreamPlan): void {
    const old = this.#plan;
    this.#plan = plan;
    const otherRate = plan.maxFramesPerSecond !== old.maxFramesPerSecond;
    if (otherRate || plan.sourceUrl !== old.sourceUrl) this.#sourceRun.abort();
    if (otherRate) this.#encoderRun.abort();
  }

  async #run(): Promise<void> {
    try {
      await Promise.all([this.#watchCamera(), this.#encode(), this.#publish()]);
    } catch (error) {
      this.#options.log.error("the stream broke", { error });
    }
  }

  async #watchCamera(): Promise<void> {
    const { clock, log, signal, events } = this.#options;
    while (!signal.aborted) {
      this.#sourceRun = new AbortController();
      const { sourceUrl: url, maxFramesPerSecond } = this.#plan;
      await readSource({
        url,
        maxFramesPerSecond,
        clock,
        log,
        signal: AbortSignal.any([signal, this.#sourceRun.signal]),
        onPicture: (picture) => this.#take(picture),
        onDropped: events.dropped,
        onTrouble: (reason) => (this.#cameraTrouble = reason),
      });
    }
  }

  #take(picture: Picture): void {
    this.#cameraTrouble = null;
    this.#seen = true;
    this.#options.events.picture(picture);
    this.#firstPicture.resolve(picture);
    this.#feeder.picture(picture);
  }

  async #encode(): Promise<void> {
    const { clock, signal, log, events } = this.#options;
    const size = await this.#chooseSize();
    let patience = patienceMs;
    while (!signal.aborted) {
      const planned = (this.#encoderRun = new AbortController());
      const encoder = this.#employ(size, patience, AbortSignal.any([signal, planned.signal]));
      const exit = await Promise.race([encoder.exited, aborted(signal)]);
      this.#feeder.detach();
      patience = 0;
      if (exit === undefined || planned.signal.aborted) continue;
      const restart = this.#restarts.next(exit.ranMs);
      this.#encoderTrouble = exit.reason;
      this.#failed = restart.failed;
      events.restarted();
      log.warn("the encoder ended and is started again", { reason: exit.reason, afterMs: restart.delayMs });
      await clock.wait(restart.delayMs, signal).catch(() => undefined);
    }
  }

  /** Takes the encoder in reserve, or starts one, and announces what it is known to make. */
  #employ(size: PictureSize, patience: number, signal: AbortSignal): Encoder {
    const { clock, takeSpare, sets, threads, lastPicture } = this.#options;
    const framesPerSecond = this.#plan.maxFramesPerSecond;
    const plan = { size, framesPerSecond, threads: threads(size) };
    const key = encoderKey(plan);
    const sink = { onAccessUnit: (unit: AccessUnit) => this.#came(unit), onReady: () => this.#feeder.turn() };
    const primed = takeSpare(key);
    this.#announce(primed?.sets ?? sets.get(key));
    if (primed === undefined) {
      const encoder = this.#startEncoder(plan, sink, signal);
      void this.#learnSets(encoder, key, signal);
      this.#feeder.attach(encoder, patience);
      return encoder;
    }
    primed.handOver(sink, signal);
    this.#keep(primed.encoder);
    const isYoung = lastPicture !== undefined && clock.monotonic() - lastPicture.arrivedMs < youngMs;
    this.#feeder.attach(primed.encoder, isYoung ? 0 : patience, primed.stampMs);
    return primed.encoder;
  }

  async #chooseSize(): Promise<PictureSize> {
    const { clock, signal, knownSize } = this.#options;
    const waited = new AbortController();
    const late = clock.wait(sizePatienceMs, AbortSignal.any([signal, waited.signal])).catch(() => undefined);
    const first = knownSize ?? (await Promise.race([this.#firstPicture.promise, late]))?.size ?? fallbackSize;
    waited.abort();
    this.#size = codedSize(first);
    return this.#size;
  }

  #startEncoder(plan: EncoderPlan, sink: EncoderSink, signal: AbortSignal): Encoder {
    const { ffmpegPath, clock, log } = this.#options;
    const args = encoderArguments(plan);
    const encoder = startEncoder({ ffmpegPath, args, size: plan.size, clock, log, signal, ...sink });
    this.#keep(encoder);
    return encoder;
  }

  /** The broadcast is not over before this child is gone. */
  #keep(encoder: Encoder): void {
    this.#children.add(encoder.exited);
    void encoder.exited.then(() => this.#children.delete(encoder.exited));
  }

  async #learnSets(encoder: Encoder, key: string, signal: AbortSignal): Promise<void> {
    const sets = await Promise.race([encoder.ready, encoder.exited.then(() => undefined)]);
    if (sets === undefined || signal.aborted) return;
    this.#options.sets.set(key, sets);
    this.#announce(sets);
  }

  #announce(sets: ParameterSets | undefined): void {
    this.#sets = sets;
    if (sets === undefined) return;
    this.#setsKnown.resolve();
    this.#setsKnown = Promise.withResolvers();
  }

  #came(unit: AccessUnit): void {
    const fed = this.#feeder.came(unit);
    if (fed === undefined) return;
    this.#failed = false;
    this.#encoderTrouble = null;
    this.#show(unit, fed);
  }

  #show(unit: AccessUnit, { shown, capturedMs }: Fed): void {
    this.#shown = shown;
    this.#outlet.offer(unit, capturedMs);
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
      this.#serverTrouble = trouble;
      log.warn("the RTSP session ended and is opened again", { reason: trouble });
      const delayMs = publishDelaysMs[Math.min(failures, publishDelaysMs.length - 1)] ?? 0;
      failures += 1;
      await clock.wait(delayMs, signal).catch(() => undefined);
    }
  }

  /** One RTSP session. Why it ended, or null when pictures of another kind are to be announced. */
  async #session(sets: ParameterSets): Promise<string | null> {
    const { rtspUrl, clock, signal } = this.#options;
    const over = new AbortController();
    try {
      const publisher = await publish({
        url: `${rtspUrl}/${this.#plan.id}`,
        name: this.#plan.name,
        parameterSets: sets,
        clock,
        signal: AbortSignal.any([signal, over.signal]),
        onKeyNeeded: () => this.#feeder.requestKey(),
      });
      this.#serverTrouble = null;
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

  /** Those of the encoder that runs, once it has said; undefined when the broadcast ends first. */
  async #currentSets(): Promise<ParameterSets | undefined> {
    const { signal } = this.#options;
    while (this.#sets === undefined && !signal.aborted) {
      await Promise.race([this.#setsKnown.promise, aborted(signal)]);
    }
    return this.#sets;
  }

  /** Resolves with null when an encoder comes that makes other sets than these, or the session is over. */
  async #otherSets(sets: ParameterSets, over: AbortSignal): Promise<null> {
    while (!over.aborted && (this.#sets === undefined || areEqual(this.#sets, sets))) {
      await Promise.race([this.#setsKnown.promise, aborted(over)]);
    }
    return null;
  }

  #slate(): Uint8Array | undefined {
    const size = this.#size ?? fallbackSize;
    const slate = this.#options.slate(size, this.#silence, () => this.#feeder.turn());
    this.#lastSlate = slate ?? this.#lastSlate;
    return this.#lastSlate;
  }
}

function areEqual(one: ParameterSets, other: ParameterSets): boolean {
  return Buffer.compare(one.sps, other.sps) === 0 && Buffer.compare(one.pps, other.pps) === 0;
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return undefined;
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
