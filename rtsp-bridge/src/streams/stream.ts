// One path: idle until demanded, then one broadcast after another for as long as somebody watches
// and the RTSP server is there. What a viewer may ask about a stream that is not running is kept
// here: its last picture, size and counts.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { codedSize, encoderArguments, encoderKey } from "../ffmpeg/args.ts";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import type { StreamPlan } from "../plan.ts";
import { Broadcast } from "./broadcast.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Load } from "./load.ts";
import type { DrawSlate, SlateText } from "./placeholder.ts";
import { RateMeter } from "./rate-meter.ts";
import { Slates } from "./slates.ts";
import type { Picture } from "./source.ts";
import { Spare } from "./spare.ts";
import type { StreamCounters, StreamState, StreamStatus } from "./streams.ts";

export interface StreamOptions {
  readonly rtspUrl: string;
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly knowledge: Knowledge;
  readonly load: Load;
  /** This stream no longer counts in `load`. */
  readonly onLeft: () => void;
  readonly drawSlate: DrawSlate;
}

interface Run {
  readonly broadcast: Broadcast;
  readonly stop: AbortController;
  readonly demandedMs: number;
  readonly meter: RateMeter;
  sent: boolean;
}

const fallbackSize: PictureSize = { width: 1280, height: 720 };

export class Stream implements AsyncDisposable {
  readonly #options: StreamOptions;
  readonly #slates: Slates;
  readonly #spare: Spare;
  readonly #counters = { framesIn: 0, framesDropped: 0, framesHeld: 0, framesOut: 0, bytesOut: 0 };
  /** Ended broadcasts whose children are not gone yet. */
  readonly #endings = new Set<Promise<void>>();
  #plan: StreamPlan;
  #run: Run | undefined;
  #isDemanded = false;
  #isServerThere: boolean;
  #isDisposed = false;
  #viewers = 0;
  #restarts = 0;
  #startSeconds: number | null = null;
  #size: PictureSize | null = null;
  #lastPicture: Picture | undefined;
  #intervalMs = 0;
  /** Demanded, and not allowed to run beside the others. */
  #isRefused = false;
  /** Wall clock of the last picture, Unix ms. */
  #lastSeenAt: number | undefined;

  constructor(plan: StreamPlan, isServerThere: boolean, options: StreamOptions) {
    this.#plan = plan;
    this.#isServerThere = isServerThere;
    this.#options = options;
    this.#slates = new Slates(options.drawSlate, options.log);
    // Drawn now, because at the moment of demand every millisecond is waited for.
    this.#spare = new Spare(options);
    this.#slate(this.#knownSize ?? fallbackSize, "waiting for the camera", () => this.#keepSpare());
  }

  demanded(): void {
    this.#isDemanded = true;
    this.#reconcile();
  }

  released(): void {
    this.#isDemanded = false;
    this.#reconcile();
  }

  serverAvailable(available: boolean): void {
    this.#isServerThere = available;
    this.#reconcile();
  }

  viewerJoined(): void {
    this.#run?.broadcast.joined();
  }

  viewers(count: number): void {
    this.#viewers = count;
  }

  update(plan: StreamPlan): void {
    this.#plan = plan;
    this.#run?.broadcast.update(plan);
    this.#keepSpare();
  }

  /** Another stream has ended: this one may be allowed now. */
  retry(): void {
    if (this.#isRefused) this.#reconcile();
  }

  status(): StreamStatus {
    const size = this.#size;
    const rates = this.#run?.meter.read(this.#options.clock.monotonic());
    return {
      id: this.#plan.id,
      state: this.#state(),
      reason: this.#reason(),
      viewers: this.#viewers,
      source: this.#plan.sourceUrl,
      width: size?.width ?? null,
      height: size?.height ?? null,
      framesPerSecond: rates?.framesPerSecond ?? null,
      bitsPerSecond: rates?.bitsPerSecond ?? null,
      startSeconds: this.#startSeconds,
      restarts: this.#restarts,
    };
  }

  counters(): StreamCounters {
    return { ...this.#counters };
  }

  /** Ends it and waits until nothing of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#reconcile();
    await this.#run?.broadcast.done;
    await Promise.all([...this.#endings, this.#spare[Symbol.asyncDispose]()]);
  }

  get #knownSize(): PictureSize | undefined {
    return this.#options.knowledge.sizes.get(this.#plan.id);
  }

  /** Brings what runs in line with what is wanted; called after every change of either. */
  #reconcile(): void {
    const wanted = this.#isDemanded && this.#isServerThere && !this.#isDisposed;
    if (!wanted) {
      this.#isRefused = false;
      this.#run?.stop.abort();
    } else if (this.#run === undefined && this.#mayStart()) this.#start();
  }

  #mayStart(): boolean {
    const wasRefused = this.#isRefused;
    this.#isRefused = !this.#options.load.enter(this);
    if (this.#isRefused && !wasRefused) this.#options.log.warn(`not shown: ${this.#refusal}`);
    return !this.#isRefused;
  }

  get #refusal(): string {
    const { max } = this.#options.load;
    return `${max} streams run already, the most that bridge.max_streams allows`;
  }

  #start(): void {
    const { clock, log, rtspUrl, ffmpegPath, knowledge, load } = this.#options;
    const stop = new AbortController();
    const broadcast = new Broadcast({
      rtspUrl,
      ffmpegPath,
      log,
      clock,
      plan: this.#plan,
      signal: stop.signal,
      knownSize: this.#knownSize,
      lastPicture: this.#lastPicture,
      intervalMs: this.#intervalMs,
      sets: knowledge.sets,
      takeSpare: (key) => this.#spare.take(key),
      threads: (size) => load.threads(size),
      slate: (size, reason, onDrawn) => this.#slate(size, reason, onDrawn),
      events: {
        picture: (picture) => this.#seen(picture),
        dropped: () => void this.#counters.framesDropped++,
        held: () => void this.#counters.framesHeld++,
        sent: (bytes) => this.#sent(bytes),
        restarted: () => void this.#restarts++,
      },
    });
    const now = clock.monotonic();
    this.#run = { broadcast, stop, demandedMs: now, meter: new RateMeter(now), sent: false };
    void this.#whenDone(broadcast);
  }

  async #whenDone(broadcast: Broadcast): Promise<void> {
    const ending = broadcast.settled().finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
    await broadcast.done;
    this.#lastPicture = broadcast.lastPicture;
    this.#intervalMs = broadcast.intervalMs;
    this.#run = undefined;
    this.#options.load.leave(this);
    this.#options.onLeft();
    // Demand may have come back while it ended.
    this.#reconcile();
  }

  #seen(picture: Picture): void {
    this.#counters.framesIn += 1;
    this.#lastSeenAt = this.#options.clock.now();
    const known = this.#knownSize;
    if (known?.width === picture.size.width && known.height === picture.size.height) return;
    this.#options.knowledge.sizes.set(this.#plan.id, picture.size);
    this.#keepSpare(picture.jpeg);
  }

  /** With `standby` an encoder for the camera's known size is kept in reserve, also while one runs. */
  #keepSpare(jpeg?: Uint8Array): void {
    const size = this.#knownSize;
    if (!this.#plan.standby || this.#isDisposed || size === undefined) {
      this.#spare.want(undefined);
      return;
    }
    const any = jpeg ?? this.#slate(size, "waiting for the camera", () => this.#keepSpare());
    if (any === undefined) return;
    const coded = codedSize(size);
    const framesPerSecond = this.#plan.maxFramesPerSecond;
    const plan = { size: coded, framesPerSecond, threads: this.#options.load.threads(coded) };
    this.#spare.want({ key: encoderKey(plan), args: encoderArguments(plan), size: coded, jpeg: any });
  }

  #sent(bytes: number): void {
    this.#counters.framesOut += 1;
    this.#counters.bytesOut += bytes;
    const run = this.#run;
    if (run === undefined) return;
    const now = this.#options.clock.monotonic();
    run.meter.count(now, bytes);
    if (run.sent) return;
    run.sent = true;
    this.#size = run.broadcast.size;
    this.#startSeconds = (now - run.demandedMs) / 1000;
    this.#options.log.info("the stream is watched", { startSeconds: this.#startSeconds, ...this.#size });
  }

  #state(): StreamState {
    if (this.#isRefused) return "failed";
    if (this.#run?.stop.signal.aborted === false) return this.#run.broadcast.state;
    return this.#run !== undefined || this.#endings.size > 0 ? "draining" : "idle";
  }

  #reason(): string | null {
    if (this.#isDemanded && !this.#isServerThere) return "the RTSP server is not running";
    if (this.#isRefused) return this.#refusal;
    return this.#run?.stop.signal.aborted === false ? this.#run.broadcast.reason : null;
  }

  #slate(size: PictureSize, reason: string, onDrawn: () => void): Uint8Array | undefined {
    const text: SlateText = {
      title: this.#plan.name,
      message: reason.charAt(0).toUpperCase() + reason.slice(1),
      detail: this.#lastSeenAt === undefined ? null : `Last picture ${this.#when(this.#lastSeenAt)}`,
    };
    return this.#slates.get(size, text, onDrawn);
  }

  /** The time of day, with the day when that is not today; in the process's time zone. */
  #when(unixMs: number): string {
    const at = new Date(unixMs);
    const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    if (at.toDateString() === new Date(this.#options.clock.now()).toDateString()) return `at ${time}`;
    return `on ${at.toLocaleDateString("en-GB", { day: "numeric", month: "long" })} at ${time}`;
  }
}
