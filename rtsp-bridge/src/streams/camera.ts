// One camera and its one or two paths: idle until one is demanded, then one broadcast after another
// for as long as somebody watches and the RTSP server is there. What a viewer may be told of a camera
// that is not read is kept here: its last picture and size.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { Coder } from "../ffmpeg/coders.ts";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import type { EncoderExit } from "../ffmpeg/process.ts";
import { subId, type StreamPlan } from "../plan.ts";
import { Broadcast } from "./broadcast.ts";
import { CoderChoice } from "./coder-choice.ts";
import { formOf, type Form } from "./form.ts";
import type { Knowledge } from "./knowledge.ts";
import type { LaneName } from "./lane.ts";
import type { Load } from "./load.ts";
import type { DrawSlate, SlateText } from "./placeholder.ts";
import { Slates } from "./slates.ts";
import type { PathStream } from "../sources/switch.ts";
import type { Picture, ReadSource } from "./source.ts";
import { Spare } from "./spare.ts";
import { Stream } from "./stream.ts";
import type { StreamCounters, StreamState, StreamStatus } from "./streams.ts";

export interface CameraOptions {
  readonly rtspUrl: string;
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly knowledge: Knowledge;
  readonly load: Load;
  /** This camera no longer counts in `load`. */
  readonly onLeft: () => void;
  /** That stream is demanded, and `load` is full. */
  readonly onRefused: (name: LaneName) => void;
  readonly drawSlate: DrawSlate;
  /** Where its pictures come from. */
  readonly readSource: ReadSource;
}

interface Run {
  readonly broadcast: Broadcast;
  readonly stop: AbortController;
}

const fallbackSize: PictureSize = { width: 1280, height: 720 };
/** Another camera may be ending just now: viewers are sent away only after this, ms. */
const settleMs = 250;

export class Camera implements AsyncDisposable {
  readonly #options: CameraOptions;
  readonly #slates: Slates;
  readonly #spare: Spare;
  readonly #choice = new CoderChoice();
  readonly #streams = new Map<LaneName, Stream>();
  /** Ended broadcasts whose children are not gone yet. */
  readonly #endings = new Set<Promise<void>>();
  #plan: StreamPlan;
  #run: Run | undefined;
  #isServerThere: boolean;
  #isDisposed = false;
  #lastPicture: Picture | undefined;
  #intervalMs = 0;
  /** Demanded, and not allowed to run beside the others. */
  #isRefused = false;
  /** While it is waited whether that stays so. */
  #settling: Promise<void> | undefined;
  readonly #leaving = new AbortController();
  /** Wall clock of the last picture, Unix ms. */
  #lastSeenAt: number | undefined;

  constructor(plan: StreamPlan, coder: Coder, isServerThere: boolean, options: CameraOptions) {
    this.#plan = plan;
    this.#isServerThere = isServerThere;
    this.#options = options;
    this.#choice.choose(coder);
    this.#slates = new Slates(options.drawSlate, options.log);
    this.#spare = new Spare(options);
    this.#adoptStreams();
    // Drawn now, because at the moment of demand every millisecond is waited for.
    this.#slate(this.#knownSize ?? fallbackSize, "waiting for the camera", () => this.#keepSpare());
  }

  /** Somebody wants that stream, or nobody any more. */
  demand(name: LaneName, isDemanded: boolean): void {
    const stream = this.#streams.get(name);
    if (stream === undefined) return;
    if (stream.isDemanded && !isDemanded && this.#isRefused) stream.refused();
    stream.isDemanded = isDemanded;
    this.#reconcile();
  }

  serverAvailable(available: boolean): void {
    this.#isServerThere = available;
    this.#reconcile();
  }

  viewerJoined(name: LaneName): void {
    this.#run?.broadcast.joined(name);
  }

  /** Viewers of that stream as MediaMTX counts them. */
  viewers(name: LaneName, count: number): void {
    const stream = this.#streams.get(name);
    if (stream !== undefined) stream.viewers = count;
  }

  /** Encodes with this from now on. */
  choose(coder: Coder): void {
    this.#choice.choose(coder);
    this.#run?.broadcast.coderChanged();
    this.#keepSpare();
  }

  update(plan: StreamPlan): void {
    this.#plan = plan;
    this.#adoptStreams();
    this.#run?.broadcast.update(plan);
    this.#reconcile();
    this.#keepSpare();
  }

  /** Another camera has ended: this one may be allowed now. */
  retry(): void {
    if (!this.#options.load.isFull) for (const stream of this.#streams.values()) stream.admitted();
    if (this.#isRefused) this.#reconcile();
  }

  /** Of a stream that is offered. */
  status(name: LaneName): StreamStatus {
    const stream = this.#stream(name);
    const [state, reason] = [this.#state(name, stream), this.#reason(name, stream)];
    return stream.status({ state, reason, source: this.#plan.sourceUrl, encoder: this.#choice.coder.kind });
  }

  counters(name: LaneName): StreamCounters {
    return { ...this.#stream(name).counted };
  }

  /** Ends it and waits until nothing of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#leaving.abort();
    this.#reconcile();
    await this.#run?.broadcast.done;
    await this.#settling;
    await Promise.all([...this.#endings, this.#spare[Symbol.asyncDispose]()]);
  }

  get #knownSize(): PictureSize | undefined {
    return this.#options.knowledge.sizes.get(this.#plan.id);
  }

  #stream(name: LaneName): Stream {
    const stream = this.#streams.get(name);
    if (stream === undefined) throw new Error(`this camera offers no stream ${name}`);
    return stream;
  }

  #adoptStreams(): void {
    const { clock, log } = this.#options;
    const { id, sub } = this.#plan;
    const wanted = new Map<LaneName, string>([["main", id]]);
    if (sub !== null) wanted.set("sub", subId(id));
    for (const name of this.#streams.keys()) if (!wanted.has(name)) this.#streams.delete(name);
    for (const [name, path] of wanted) {
      if (!this.#streams.has(name)) this.#streams.set(name, new Stream(path, clock, log.with({ stream: path })));
    }
  }

  get #wanted(): LaneName[] {
    if (!this.#isServerThere || this.#isDisposed) return [];
    return [...this.#streams].flatMap(([name, { isDemanded }]) => (isDemanded ? [name] : []));
  }

  /** Brings what runs in line with what is wanted; called after every change of either. */
  #reconcile(): void {
    const names = this.#wanted;
    if (names.length === 0) {
      this.#isRefused = false;
      this.#run?.stop.abort();
    } else if (this.#run === undefined) {
      if (this.#mayStart()) this.#start(names);
    } else if (!this.#run.stop.signal.aborted) this.#run.broadcast.show(names);
    this.#mark();
  }

  /** Tells each path whether it is published, and keeps the right encoder in reserve. */
  #mark(): void {
    const isRunning = this.#run?.stop.signal.aborted === false;
    for (const stream of this.#streams.values()) {
      if (isRunning && stream.isDemanded) stream.began();
      else stream.ended();
    }
    this.#keepSpare();
  }

  #mayStart(): boolean {
    this.#isRefused = !this.#options.load.enter(this);
    if (this.#isRefused) this.#settling ??= this.#refuse();
    return !this.#isRefused;
  }

  /** Never rejects. */
  async #refuse(): Promise<void> {
    const { clock, log, onRefused } = this.#options;
    await clock.wait(settleMs, this.#leaving.signal).catch(() => undefined);
    for (const [name, stream] of this.#streams) {
      if (!this.#isRefused || !stream.isDemanded) continue;
      // Players ask again every few seconds, and the log need not tell each time.
      if (!stream.isRefused) log.warn(`not shown: ${this.#refusal}`, { stream: stream.id });
      stream.counted.refusals += 1;
      onRefused(name);
    }
    this.#settling = undefined;
  }

  get #refusal(): string {
    const { max } = this.#options.load;
    const running = max === 1 ? "1 stream runs" : `${max} streams run`;
    return `${running} already, the most that bridge.max_streams allows: raise it, or close another stream`;
  }

  #start(names: readonly LaneName[]): void {
    const { clock, log, rtspUrl, ffmpegPath, knowledge, load, readSource } = this.#options;
    const stop = new AbortController();
    const broadcast = new Broadcast({
      rtspUrl,
      ffmpegPath,
      log,
      clock,
      names,
      readSource,
      plan: this.#plan,
      signal: stop.signal,
      knownSize: this.#knownSize,
      lastPicture: this.#lastPicture,
      intervalMs: this.#intervalMs,
      sets: knowledge.sets,
      coder: () => this.#choice.coder,
      takeSpare: (form) => this.#spare.take(form),
      threads: (size) => load.threads(size),
      slate: (size, reason, onDrawn) => this.#slate(size, reason, onDrawn),
      events: {
        picture: (picture) => this.#seen(picture),
        dropped: (name) => this.#count(name, "framesDropped"),
        held: (name) => this.#count(name, "framesHeld"),
        sent: (name, bytes) => this.#streams.get(name)?.sent(bytes, broadcast.size(name)),
        ended: (form, exit) => this.#restarted(form, exit),
      },
    });
    this.#run = { broadcast, stop };
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

  #count(name: LaneName, what: "framesIn" | "framesDropped" | "framesHeld"): void {
    const stream = this.#streams.get(name);
    if (stream !== undefined) stream.counted[what] += 1;
  }

  #restarted({ names, coder }: Form, exit: EncoderExit): void {
    for (const name of names) {
      const stream = this.#streams.get(name);
      if (stream !== undefined) stream.restarts += 1;
    }
    this.#failed(coder, exit);
  }

  /** An encoder ended by itself; a device that fails again and again is given up. */
  #failed(coder: Coder, exit: EncoderExit): void {
    const { clock, log } = this.#options;
    if (!this.#choice.ended(coder, exit, clock.monotonic())) return;
    for (const stream of this.#streams.values()) stream.counted.encoderFallbacks = this.#choice.fallbacks;
    log.warn(this.#choice.trouble ?? "");
    this.#run?.broadcast.coderChanged();
    this.#keepSpare();
  }

  #seen(picture: Picture): void {
    for (const name of this.#wanted) this.#count(name, "framesIn");
    this.#lastSeenAt = this.#options.clock.now();
    const known = this.#knownSize;
    if (known?.width === picture.size.width && known.height === picture.size.height) return;
    this.#options.knowledge.sizes.set(this.#plan.id, picture.size);
    this.#keepSpare(picture.jpeg);
  }

  /**
   * With `standby` an encoder for the camera's known size is kept in reserve, also while one runs: the
   * one that would be needed next, for the main stream beside what is watched.
   */
  #keepSpare(jpeg?: Uint8Array): void {
    const size = this.#knownSize;
    if (!this.#plan.standby || this.#isDisposed || size === undefined) {
      this.#spare.want(undefined);
      return;
    }
    const any = jpeg ?? this.#slate(size, "waiting for the camera", () => this.#keepSpare());
    if (any === undefined) return;
    const { maxFramesPerSecond, sub } = this.#plan;
    const threads = (coded: PictureSize): number => this.#options.load.threads(coded);
    const names: LaneName[] = this.#wanted.includes("sub") ? ["main", "sub"] : ["main"];
    const form = formOf(names, { size, maxFramesPerSecond, sub, threads, coder: this.#choice.coder });
    this.#spare.want({ form, jpeg: any, onEnded: (exit) => this.#failed(form.coder, exit) });
  }

  #state(name: LaneName, stream: Stream): StreamState {
    if (this.#turnsAway(stream)) return "failed";
    if (this.#run?.stop.signal.aborted === false) return this.#run.broadcast.state(name);
    return this.#run !== undefined || this.#endings.size > 0 ? "draining" : "idle";
  }

  /** Whether that stream's viewers are refused, or were a moment ago and would be again. */
  #turnsAway({ isDemanded, isRefused }: Stream): boolean {
    if (this.#run !== undefined) return false;
    return isDemanded ? this.#isRefused : isRefused && this.#options.load.isFull;
  }

  #reason(name: LaneName, stream: Stream): string | null {
    const { isDemanded } = stream;
    if (isDemanded && !this.#isServerThere) return "the RTSP server is not running";
    if (this.#turnsAway(stream)) return this.#refusal;
    if (this.#run?.stop.signal.aborted !== false || !isDemanded) return null;
    return this.#run.broadcast.reason(name) ?? this.#choice.trouble;
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

/** Its first stream as one that stands alone. */
export function mainPath(camera: Camera): PathStream {
  return {
    demanded: () => camera.demand("main", true),
    released: () => camera.demand("main", false),
    serverAvailable: (available) => camera.serverAvailable(available),
    viewerJoined: () => camera.viewerJoined("main"),
    viewers: (count) => camera.viewers("main", count),
    update: (plan) => camera.update(plan),
    retry: () => camera.retry(),
    status: () => camera.status("main"),
    counters: () => camera.counters("main"),
    [Symbol.asyncDispose]: async () => camera[Symbol.asyncDispose](),
  };
}
