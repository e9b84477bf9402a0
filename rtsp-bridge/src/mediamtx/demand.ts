// Turns what MediaMTX reports into what the streams are told. Hooks are fast but may be lost or
// change places; the list of viewers is slow but true. Both together decide.
// The signals and their gaps: MediaMTX v1.20.1, internal/core/path.go.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { StreamSet, StreamState } from "../streams/streams.ts";
import { startTimeoutMs } from "./config.ts";
import type { ControlApi } from "./control-api.ts";
import type { Hook } from "./hooks.ts";

/**
 * MediaMTX says "undemand" seconds after the "demand" it belongs to. Closer together they have
 * changed places on the way, and the later one is old.
 */
const swappedMs = 500;
/** What is added to the time that MediaMTX itself waits, before its silence counts as a lost hook. */
const marginMs = 5000;
/** Lists in a row that fail before MediaMTX counts as hung. */
const failuresToHang = 3;

export interface DemandOptions {
  readonly streams: StreamSet;
  readonly clock: Clock;
  readonly log: Log;
  /** How long MediaMTX waits after the last viewer, ms. */
  readonly lingerMs: () => number;
  /** Has MediaMTX answer everybody who waits for a path. @throws MediamtxError */
  readonly dismiss: (id: string) => Promise<void>;
  /** MediaMTX does not answer any more. */
  readonly onHang: () => void;
}

/** The part of the control API that is used here. */
type ViewersApi = Pick<ControlApi, "viewers">;

interface Track {
  /** Monotonic ms of the last "demand"; undefined before the first. */
  demandedMs: number | undefined;
  /** Since when nobody watches a stream that runs; undefined while somebody does. */
  unwatchedMs: number | undefined;
  /** It was told to end, and nobody has wanted it since. */
  isReleased: boolean;
}

export class Demand {
  readonly #options: DemandOptions;
  readonly #tracks = new Map<string, Track>();
  #api: ViewersApi | undefined;
  #failures = 0;
  #counting: Promise<void> | undefined;
  #countAgain = false;

  constructor(options: DemandOptions) {
    this.#options = options;
  }

  attach(api: ViewersApi): void {
    this.#api = api;
    this.#failures = 0;
  }

  /** MediaMTX is gone, and with it every viewer. */
  detach(): void {
    this.#api = undefined;
    for (const { id } of this.#options.streams.list()) this.#options.streams.viewers(id, 0);
  }

  /** A hook arrived. Hooks for paths that are no streams are left alone. */
  async hook({ name, path }: Hook): Promise<void> {
    const { streams, clock, log } = this.#options;
    if (!streams.list().some(({ id }) => id === path)) return;
    log.debug(`MediaMTX reports ${name}`, { printer: path });
    switch (name) {
      case "demand": {
        const track = this.#track(path);
        track.demandedMs = clock.monotonic();
        track.unwatchedMs = track.demandedMs;
        track.isReleased = false;
        streams.demanded(path);
        return;
      }
      case "undemand":
        return this.#undemanded(path);
      case "read":
        streams.viewerJoined(path);
        return this.count();
      case "unread":
        return this.count();
    }
  }

  /**
   * A stream that is demanded may not run. MediaMTX would keep viewers waiting for as long as it waits for a
   * picture, so its path is made anew, which answers them at once; the next one is a new demand. Never rejects.
   */
  async refused(id: string): Promise<void> {
    const { dismiss, log } = this.#options;
    this.#release(id);
    try {
      await dismiss(id);
    } catch (error) {
      log.warn("the viewers of a refused stream wait until MediaMTX gives up", { printer: id, error });
    }
  }

  /** Counts the viewers of every stream and makes up for hooks that were lost. Never rejects. */
  async count(): Promise<void> {
    this.#countAgain = true;
    this.#counting ??= this.#countWhileAsked().finally(() => (this.#counting = undefined));
    await this.#counting;
  }

  /**
   * MediaMTX has closed its books on this path: nothing more is heard of a viewer who joined in
   * the last moment, so the list is asked once. Without one the stream ends now.
   */
  async #undemanded(id: string): Promise<void> {
    const { clock, log } = this.#options;
    const track = this.#track(id);
    const before = track.demandedMs;
    if (before !== undefined && clock.monotonic() - before < swappedMs) return;
    let viewers = 0;
    try {
      viewers = (await this.#api?.viewers())?.get(id) ?? 0;
    } catch (error) {
      log.warn("the viewers of a stream cannot be counted", { printer: id, error });
    }
    if (viewers === 0 && track.demandedMs === before) this.#release(id);
  }

  async #countWhileAsked(): Promise<void> {
    while (this.#countAgain) {
      this.#countAgain = false;
      await this.#countOnce();
    }
  }

  async #countOnce(): Promise<void> {
    const api = this.#api;
    if (api === undefined) return;
    try {
      const counts = await api.viewers();
      if (this.#api !== api) return;
      this.#failures = 0;
      for (const { id, state } of this.#options.streams.list()) this.#compare(id, state, counts.get(id) ?? 0);
      this.#forget();
    } catch (error) {
      if (this.#api === api) this.#failed(error);
    }
  }

  #compare(id: string, state: StreamState, viewers: number): void {
    const { streams, clock, log, lingerMs } = this.#options;
    const track = this.#track(id);
    const runs = state !== "idle" && state !== "draining" && !track.isReleased;
    streams.viewers(id, viewers);
    if (viewers > 0) {
      track.unwatchedMs = undefined;
      track.isReleased = false;
      if (!runs) streams.demanded(id);
      return;
    }
    if (!runs) {
      track.unwatchedMs = undefined;
      return;
    }
    track.unwatchedMs ??= clock.monotonic();
    if (clock.monotonic() - track.unwatchedMs < startTimeoutMs + lingerMs() + marginMs) return;
    log.info("nobody watches and MediaMTX has not said so: the stream ends", { printer: id });
    track.unwatchedMs = undefined;
    this.#release(id);
  }

  #release(id: string): void {
    this.#track(id).isReleased = true;
    this.#options.streams.released(id);
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    this.#options.log.warn("the viewers cannot be counted", { error, failures: this.#failures });
    if (this.#failures < failuresToHang) return;
    this.#failures = 0;
    this.#options.onHang();
  }

  #track(id: string): Track {
    const track = this.#tracks.get(id) ?? { demandedMs: undefined, unwatchedMs: undefined, isReleased: false };
    this.#tracks.set(id, track);
    return track;
  }

  /** Streams that are gone from the inventory. */
  #forget(): void {
    const known = new Set(this.#options.streams.list().map(({ id }) => id));
    for (const id of this.#tracks.keys()) if (!known.has(id)) this.#tracks.delete(id);
  }
}
