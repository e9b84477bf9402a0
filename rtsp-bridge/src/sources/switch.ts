// One path whose camera sends pictures or its own H.264, whichever the gateway or the inventory says: video
// is handed through by a relay, and for pictures, and for the slate that tells why there is no video, there
// is the stream that encodes (../streams/camera.ts). It goes from one to the other without a restart; then,
// and only then, viewers open the path again, because the coded pictures are of another kind.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { AccessUnit, ParameterSets } from "../ffmpeg/flv.ts";
import type { PictureSize } from "../ffmpeg/jpeg.ts";
import type { StreamPlan } from "../plan.ts";
import { RateMeter } from "../streams/rate-meter.ts";
import { readSource, type ReadSource, type SourceOptions } from "../streams/source.ts";
import type { StreamCounters, StreamState, StreamStatus } from "../streams/streams.ts";
import { Frames } from "./frames.ts";
import { sizeOf } from "./picture-size.ts";
import { Relay } from "./relay.ts";
import { findCamera, shownUrl, type CameraKind, type ReadSecret } from "./target.ts";
import { VideoCamera } from "./video-camera.ts";
import { VideoPictures } from "./video-pictures.ts";
import type { VideoTarget } from "./rtsp-camera.ts";

/** What the set of streams asks of one path. */
export interface PathStream extends AsyncDisposable {
  demanded(): void;
  released(): void;
  serverAvailable(available: boolean): void;
  viewerJoined(): void;
  viewers(count: number): void;
  update(plan: StreamPlan): void;
  /** Another stream has ended: this one may be allowed now. */
  retry(): void;
  status(): StreamStatus;
  counters(): StreamCounters;
}

export interface SwitchOptions {
  readonly rtspUrl: string;
  readonly ffmpegPath: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly readSecret: ReadSecret;
  /** What the gateway wants to be shown. */
  readonly gatewayHeaders: () => Readonly<Record<string, string>>;
  /** The stream that encodes what `read` brings. */
  readonly pictures: (plan: StreamPlan, read: ReadSource) => PathStream;
}

type Kind = "unknown" | "pictures" | "video";

/** MediaMTX keeps viewers waiting for 4 s; before that they are shown why there is nothing yet. */
const patienceMs = 1500;
/** How often the gateway is asked again while pictures are wanted and none come. */
const askEveryMs = 15_000;

export class Switch implements PathStream {
  readonly #options: SwitchOptions;
  readonly #pictures: PathStream;
  readonly #camera: VideoCamera;
  readonly frames: Frames;
  readonly #counters = { framesIn: 0, framesHeld: 0, framesOut: 0, bytesOut: 0 };
  readonly #standIn: VideoPictures;
  #plan: StreamPlan;
  #kind: Kind;
  #isDemanded = false;
  #isServerThere: boolean;
  #isDisposed = false;
  #viewers = 0;
  /** While somebody watches. */
  #watch: AbortController | undefined;
  #view: Disposable | undefined;
  #relay: { readonly relay: Relay; readonly meter: RateMeter } | undefined;
  #relayEnd: Promise<unknown> = Promise.resolve();
  #stopRelay = new AbortController();
  #demandedMs = 0;
  #size: PictureSize | undefined;
  #startSeconds: number | null = null;
  #source: string | undefined;

  constructor(plan: StreamPlan, isServerThere: boolean, options: SwitchOptions) {
    const { clock, log, ffmpegPath } = options;
    this.#options = options;
    this.#plan = plan;
    this.#kind = kindOf(plan);
    this.#isServerThere = isServerThere;
    this.#camera = new VideoCamera({ target: async (signal) => this.#target(signal), clock, log });
    this.frames = new Frames({ camera: this.#camera, ffmpegPath, clock, log });
    this.#standIn = new VideoPictures(this.frames, clock);
    if (plan.video?.kind === "address") this.#source = shownUrl(plan.video.url);
    this.#pictures = options.pictures(this.#innerPlan(), async (source) => this.#read(source));
  }

  /** Whether the second stream is watched: it is encoded of pictures whatever the camera sends. */
  wantPictures(isWanted: boolean): void {
    this.#standIn.want(isWanted);
  }

  /** False once it is known that the camera sends pictures. */
  get mayHaveVideo(): boolean {
    return this.#kind !== "pictures";
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
    this.#pictures.serverAvailable(available);
    this.#reconcile();
  }

  viewerJoined(): void {
    if (this.#relay === undefined) this.#pictures.viewerJoined();
    else this.#relay.relay.joined();
  }

  viewers(count: number): void {
    this.#viewers = count;
    this.#pictures.viewers(count);
  }

  update(plan: StreamPlan): void {
    const isOther = JSON.stringify(plan.video) !== JSON.stringify(this.#plan.video);
    this.#plan = plan;
    if (isOther) {
      this.#kind = kindOf(plan);
      this.#source = plan.video?.kind === "address" ? shownUrl(plan.video.url) : undefined;
      this.#camera.retry();
    }
    this.#pictures.update(this.#innerPlan());
    if (!isOther) return;
    this.#end();
    this.#reconcile();
  }

  retry(): void {
    this.#pictures.retry();
  }

  status(): StreamStatus {
    const inner = this.#pictures.status();
    if (this.#relay === undefined) {
      if (this.#isDemanded && !this.#isServerThere) return { ...inner, reason: "the RTSP server is not running" };
      const isStarting = inner.state === "idle" && this.#watch !== undefined;
      return isStarting ? { ...inner, state: "starting" } : inner;
    }
    const { relay, meter } = this.#relay;
    const rates = meter.read(this.#options.clock.monotonic());
    const state: StreamState = relay.holding ? "holding" : relay.sent ? "live" : "starting";
    return {
      ...inner,
      state,
      reason: relay.holding ? (this.#camera.reason ?? "the camera sends no pictures") : null,
      viewers: this.#viewers,
      width: this.#size?.width ?? null,
      height: this.#size?.height ?? null,
      ...rates,
      startSeconds: this.#startSeconds,
      encoder: null,
    };
  }

  counters(): StreamCounters {
    const inner = this.#pictures.counters();
    const { framesIn, framesHeld, framesOut, bytesOut } = this.#counters;
    return {
      framesIn: inner.framesIn + framesIn,
      framesDropped: inner.framesDropped,
      framesHeld: inner.framesHeld + framesHeld,
      framesOut: inner.framesOut + framesOut,
      bytesOut: inner.bytesOut + bytesOut,
      encoderFallbacks: inner.encoderFallbacks,
      refusals: inner.refusals,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#reconcile();
    await this.frames[Symbol.asyncDispose]();
    await this.#camera[Symbol.asyncDispose]();
    await this.#relayEnd;
    await this.#pictures[Symbol.asyncDispose]();
  }

  /** The plan of the stream that encodes: pictures from the gateway, or none and a slate. */
  #innerPlan(): StreamPlan {
    if (this.#kind !== "video") return this.#plan;
    return { ...this.#plan, sourceUrl: this.#source ?? this.#plan.sourceUrl, standby: false };
  }

  #reconcile(): void {
    const wanted = this.#isDemanded && this.#isServerThere && !this.#isDisposed;
    if (!wanted) this.#end();
    else if (this.#watch === undefined) this.#begin();
  }

  #begin(): void {
    const { clock } = this.#options;
    this.#watch = new AbortController();
    this.#demandedMs = clock.monotonic();
    const { signal } = this.#watch;
    if (this.#kind === "pictures") this.#pictures.demanded();
    if (this.#plan.video === undefined) return;
    this.#look();
    clock.wait(patienceMs, signal).then(
      () => this.#showPictures(),
      () => undefined, // nobody watches any more
    );
    void this.#askAgain(signal);
  }

  #end(): void {
    this.#watch?.abort();
    this.#watch = undefined;
    this.#lookAway();
    this.#stopRelay.abort();
    // Without its server the stream that encodes stops by itself, and says so.
    if (!this.#isDemanded || this.#isDisposed || this.#kind === "video") this.#pictures.released();
  }

  #look(): void {
    this.#view ??= this.#camera.view({
      picture: (unit, capturedMs, sets) => this.#picture(unit, capturedMs, sets),
      trouble: (reason) => this.#trouble(reason),
    });
    if (this.#camera.retryInMs > patienceMs && this.#camera.reason !== null) this.#trouble(this.#camera.reason);
  }

  #lookAway(): void {
    this.#view?.[Symbol.dispose]();
    this.#view = undefined;
  }

  /** The camera was a printer's without video, or an unknown one: that may change while nothing is to be seen. */
  async #askAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.wait(askEveryMs, signal).catch(() => undefined);
      if (!signal.aborted && this.#kind === "pictures" && this.#pictures.status().state !== "live") this.#look();
    }
  }

  /** Before each connection: the kind may be another by now. @throws VideoFault */
  async #target(signal: AbortSignal): Promise<VideoTarget | undefined> {
    const { video } = this.#plan;
    const found: CameraKind =
      video === undefined ? { kind: "pictures" } : await findCamera(video, this.#options.readSecret, signal);
    const target = found.kind === "video" ? found.target : undefined;
    this.#learn(found.kind, target?.url);
    return target;
  }

  #learn(kind: Kind, source: string | undefined): void {
    const isOther = kind !== this.#kind || source !== this.#source;
    this.#kind = kind;
    this.#source = source;
    if (isOther) this.#pictures.update(this.#innerPlan());
    if (kind !== "pictures") return;
    this.frames.trouble("the camera sends pictures, and the gateway has them");
    this.#lookAway();
    this.#showPictures();
  }

  #trouble(reason: string): void {
    this.#standIn.trouble(reason);
    this.#showPictures();
  }

  /** Pictures, or the slate, unless there is video. */
  #showPictures(): void {
    if (this.#watch !== undefined && this.#relay === undefined) this.#pictures.demanded();
  }

  #picture(unit: AccessUnit, capturedMs: number, sets: ParameterSets): void {
    this.#counters.framesIn += 1;
    if (this.#relay === undefined && unit.key) this.#startRelay(sets);
    this.#relay?.relay.picture(unit, capturedMs, sets);
  }

  #startRelay(sets: ParameterSets): void {
    const { clock, log, rtspUrl } = this.#options;
    this.#pictures.released();
    this.#stopRelay = new AbortController();
    const meter = new RateMeter(clock.monotonic());
    const relay = new Relay({
      url: `${rtspUrl}/${this.#plan.id}`,
      name: this.#plan.name,
      parameterSets: sets,
      clock,
      log,
      signal: this.#stopRelay.signal,
      onSent: (bytes) => this.#sent(meter, bytes),
      onHeld: () => void this.#counters.framesHeld++,
    });
    this.#relay = { relay, meter };
    this.#size = sizeOf(sets.sps);
    this.#startSeconds = null;
    this.#relayEnd = this.#afterRelay(relay);
  }

  async #afterRelay(relay: Relay): Promise<void> {
    const reason = await relay.done;
    this.#relay = undefined;
    if (this.#watch === undefined) return;
    this.#options.log.info("the camera's video is no longer handed through", { reason });
    // Another key picture of the camera begins the next one.
    if (reason === "silent") this.#showPictures();
  }

  #sent(meter: RateMeter, bytes: number): void {
    this.#counters.framesOut += 1;
    this.#counters.bytesOut += bytes;
    const now = this.#options.clock.monotonic();
    meter.count(now, bytes);
    if (this.#startSeconds !== null) return;
    this.#startSeconds = (now - this.#demandedMs) / 1000;
    this.#options.log.info("the camera's video is handed through", { startSeconds: this.#startSeconds, ...this.#size });
  }

  /** What the stream that encodes reads: the gateway's pictures, or the reason why there are none. */
  async #read(options: SourceOptions): Promise<void> {
    if (/^https?:/iu.test(options.url)) return readSource({ ...options, headers: this.#options.gatewayHeaders });
    if (this.#camera.reason !== null) options.onTrouble(this.#camera.reason);
    await this.#standIn.read(options);
  }
}

function kindOf({ video }: StreamPlan): Kind {
  if (video === undefined) return "pictures";
  return video.kind === "address" ? "video" : "unknown";
}
