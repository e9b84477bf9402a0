// All streams of the bridge, by path. It is not the life of one camera: that is ./camera.ts.

import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { software, type Coder } from "../ffmpeg/coders.ts";
import { subId, type StreamPlan } from "../plan.ts";
import { Switch } from "../sources/switch.ts";
import type { ReadSecret } from "../sources/target.ts";
import { Camera, mainPath } from "./camera.ts";
import { openKnowledge, type Knowledge } from "./knowledge.ts";
import type { LaneName } from "./lane.ts";
import { Load } from "./load.ts";
import { SlatePainter } from "./slate-painter.ts";
import { nothingCounted } from "./stream.ts";
import type { ApplyOptions, PictureFeed, StreamCounters, StreamSet, StreamStatus } from "./streams.ts";

export interface StreamSetOptions {
  /** `rtsp://[USER:PASS@]HOST:PORT` of MediaMTX; a stream's id is its path there. */
  readonly rtspUrl: string;
  /** The ffmpeg to run: a name on PATH or a file. */
  readonly ffmpegPath: string;
  /** Holds what was learned of cameras and encoders (./knowledge.ts). */
  readonly dataDir: string;
  /** For cameras whose video is handed through. */
  readonly readSecret: ReadSecret;
  /** What the gateway wants to be shown before it gives pictures; read at each request. */
  readonly gatewayHeaders?: () => Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Streams that are all idle until `apply` and `demanded`. Calls for a path that is not there do nothing. */
export function createStreamSet(options: StreamSetOptions): StreamSet {
  return new Streams(options);
}

interface Entry {
  plan: StreamPlan;
  coder: Coder;
  /** What makes streams of pictures: the second one always, the first where the camera sends pictures. */
  readonly camera: Camera;
  /** The first stream. */
  readonly main: Switch;
}

class Streams implements StreamSet {
  readonly #options: StreamSetOptions;
  readonly #knowledge: Promise<Knowledge>;
  readonly #load = new Load();
  readonly #painter = new SlatePainter();
  readonly #entries = new Map<string, Entry>();
  readonly #refusedListeners = new Set<(id: string) => void>();
  /** One change at a time: a path must be gone before it is made again. */
  #applied: Promise<void> = Promise.resolve();
  #isServerThere = true;
  #isDisposed = false;

  constructor(options: StreamSetOptions) {
    this.#options = options;
    this.#knowledge = openKnowledge(options.dataDir, options.log);
  }

  async apply(plans: readonly StreamPlan[], options: ApplyOptions = {}): Promise<void> {
    const { maxStreams = Infinity, coder = software } = options;
    this.#load.max = maxStreams;
    this.#retry();
    this.#applied = this.#applied.then(async () => this.#apply(plans, coder));
    await this.#applied;
  }

  demanded(id: string): void {
    this.#demand(id, true);
  }

  released(id: string): void {
    this.#demand(id, false);
  }

  viewerJoined(id: string): void {
    const [entry, name] = this.#find(id);
    if (name === "sub") entry?.camera.viewerJoined("sub");
    else entry?.main.viewerJoined();
  }

  viewers(id: string, count: number): void {
    const [entry, name] = this.#find(id);
    if (name === "sub") entry?.camera.viewers("sub", count);
    else entry?.main.viewers(count);
  }

  serverAvailable(available: boolean): void {
    this.#isServerThere = available;
    for (const { main } of this.#entries.values()) main.serverAvailable(available);
  }

  onRefused(listener: (id: string) => void): Disposable {
    this.#refusedListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#refusedListeners.delete(listener) };
  }

  list(): readonly StreamStatus[] {
    return [...this.#entries.values()].flatMap(({ plan, main, camera }) =>
      plan.sub === null ? [main.status()] : [main.status(), camera.status("sub")],
    );
  }

  counters(id: string): StreamCounters {
    const [entry, name] = this.#find(id);
    if (entry === undefined) return nothingCounted;
    return name === "sub" ? entry.camera.counters("sub") : entry.main.counters();
  }

  frames(id: string): PictureFeed | undefined {
    return this.#entries.get(id)?.main.frames;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.apply([]);
    await this.#painter[Symbol.asyncDispose]();
    await (await this.#knowledge).flushed();
  }

  #find(id: string): [Entry | undefined, LaneName] {
    const own = this.#entries.get(id);
    if (own !== undefined) return [own, "main"];
    return [[...this.#entries.values()].find(({ plan }) => plan.sub !== null && subId(plan.id) === id), "sub"];
  }

  #demand(id: string, isDemanded: boolean): void {
    const [entry, name] = this.#find(id);
    if (name === "sub") {
      entry?.main.wantPictures(isDemanded);
      entry?.camera.demand("sub", isDemanded);
    } else if (isDemanded) entry?.main.demanded();
    else entry?.main.released();
  }

  async #apply(plans: readonly StreamPlan[], coder: Coder): Promise<void> {
    const wanted = new Map((this.#isDisposed ? [] : plans).map((plan) => [plan.id, plan]));
    const knowledge = await this.#knowledge;
    const gone = [...this.#entries].filter(([id]) => !wanted.has(id));
    for (const [id] of gone) this.#entries.delete(id);
    for (const plan of wanted.values()) this.#adopt(plan, coder, knowledge);
    await Promise.all(gone.map(async ([, { main }]) => main[Symbol.asyncDispose]()));
  }

  #adopt(plan: StreamPlan, coder: Coder, knowledge: Knowledge): void {
    const entry = this.#entries.get(plan.id);
    if (entry === undefined) {
      this.#entries.set(plan.id, this.#create(plan, coder, knowledge));
      return;
    }
    if (!isDeepStrictEqual(entry.coder, coder)) entry.camera.choose(coder);
    if (!isDeepStrictEqual(entry.plan, plan)) entry.main.update(plan);
    entry.coder = coder;
    entry.plan = plan;
  }

  #create(plan: StreamPlan, coder: Coder, knowledge: Knowledge): Entry {
    const log = this.#options.log.with({ stream: plan.id });
    const own = {
      log,
      knowledge,
      load: this.#load,
      onLeft: () => this.#retry(),
      onRefused: (name: LaneName) => this.#refused(plan.id, name),
      drawSlate: this.#painter.draw,
    };
    let made: Camera | undefined;
    const main = new Switch(plan, this.#isServerThere, {
      gatewayHeaders: () => ({}),
      ...this.#options,
      log,
      pictures: (inner, readSource) => {
        made = new Camera(inner, coder, this.#isServerThere, { ...this.#options, ...own, readSource });
        return mainPath(made);
      },
    });
    if (made === undefined) throw new Error("a switch makes its stream of pictures at once");
    return { plan, coder, main, camera: made };
  }

  /** A camera that may send video yet, which needs no place among the encoded, is waited for. */
  #refused(id: string, name: LaneName): void {
    if (name === "main" && this.#entries.get(id)?.main.mayHaveVideo !== false) return;
    for (const listener of this.#refusedListeners) listener(name === "sub" ? subId(id) : id);
  }

  #retry(): void {
    for (const { main } of this.#entries.values()) main.retry();
  }
}
