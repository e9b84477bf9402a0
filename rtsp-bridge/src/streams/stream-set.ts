// All streams of the bridge, by path. It is not the life of one path: that is ./stream.ts.

import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { StreamPlan } from "../plan.ts";
import { openKnowledge, type Knowledge } from "./knowledge.ts";
import { Load } from "./load.ts";
import { SlatePainter } from "./slate-painter.ts";
import { Stream } from "./stream.ts";
import type { StreamCounters, StreamSet, StreamStatus } from "./streams.ts";

export interface StreamSetOptions {
  /** `rtsp://[USER:PASS@]HOST:PORT` of MediaMTX; a stream's id is its path there. */
  readonly rtspUrl: string;
  /** The ffmpeg to run: a name on PATH or a file. */
  readonly ffmpegPath: string;
  /** Holds what was learned of cameras and encoders (./knowledge.ts). */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Streams that are all idle until `apply` and `demanded`. Calls for a path that is not there do nothing. */
export function createStreamSet(options: StreamSetOptions): StreamSet {
  return new Streams(options);
}

interface Entry {
  plan: StreamPlan;
  readonly stream: Stream;
}

const nothingCounted: StreamCounters = { framesIn: 0, framesDropped: 0, framesHeld: 0, framesOut: 0, bytesOut: 0 };

class Streams implements StreamSet {
  readonly #options: StreamSetOptions;
  readonly #knowledge: Promise<Knowledge>;
  readonly #load = new Load();
  readonly #painter = new SlatePainter();
  readonly #entries = new Map<string, Entry>();
  /** One change at a time: a path must be gone before it is made again. */
  #applied: Promise<void> = Promise.resolve();
  #isServerThere = true;
  #isDisposed = false;

  constructor(options: StreamSetOptions) {
    this.#options = options;
    this.#knowledge = openKnowledge(options.dataDir, options.log);
  }

  async apply(plans: readonly StreamPlan[], maxStreams = Infinity): Promise<void> {
    this.#load.max = maxStreams;
    this.#retry();
    this.#applied = this.#applied.then(async () => this.#apply(plans));
    await this.#applied;
  }

  demanded(id: string): void {
    this.#entries.get(id)?.stream.demanded();
  }

  released(id: string): void {
    this.#entries.get(id)?.stream.released();
  }

  viewerJoined(id: string): void {
    this.#entries.get(id)?.stream.viewerJoined();
  }

  viewers(id: string, count: number): void {
    this.#entries.get(id)?.stream.viewers(count);
  }

  serverAvailable(available: boolean): void {
    this.#isServerThere = available;
    for (const { stream } of this.#entries.values()) stream.serverAvailable(available);
  }

  list(): readonly StreamStatus[] {
    return Array.from(this.#entries.values(), ({ stream }) => stream.status());
  }

  counters(id: string): StreamCounters {
    return this.#entries.get(id)?.stream.counters() ?? nothingCounted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.apply([]);
    await this.#painter[Symbol.asyncDispose]();
    await (await this.#knowledge).flushed();
  }

  async #apply(plans: readonly StreamPlan[]): Promise<void> {
    const wanted = new Map((this.#isDisposed ? [] : plans).map((plan) => [plan.id, plan]));
    const knowledge = await this.#knowledge;
    const gone = [...this.#entries].filter(([id]) => !wanted.has(id));
    for (const [id] of gone) this.#entries.delete(id);
    for (const plan of wanted.values()) this.#adopt(plan, knowledge);
    await Promise.all(gone.map(async ([, { stream }]) => stream[Symbol.asyncDispose]()));
  }

  #adopt(plan: StreamPlan, knowledge: Knowledge): void {
    const entry = this.#entries.get(plan.id);
    if (entry === undefined) {
      const log = this.#options.log.with({ stream: plan.id });
      const own = { log, knowledge, load: this.#load, onLeft: () => this.#retry(), drawSlate: this.#painter.draw };
      const stream = new Stream(plan, this.#isServerThere, { ...this.#options, ...own });
      this.#entries.set(plan.id, { plan, stream });
    } else if (!isDeepStrictEqual(entry.plan, plan)) {
      entry.plan = plan;
      entry.stream.update(plan);
    }
  }

  #retry(): void {
    for (const { stream } of this.#entries.values()) stream.retry();
  }
}
