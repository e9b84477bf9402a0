// Streams that are kept running although nobody watches: the bridge is a viewer itself, so that
// everything happens that happens for one, and its pictures are thrown away.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { playCamera } from "../sources/rtsp-camera.ts";

export interface WarmingOptions {
  /** `rtsp://HOST:PORT` of MediaMTX. */
  readonly rtspUrl: string;
  /** The bridge's own user there. */
  readonly login: { readonly user: string; readonly password: string };
  /** Whether there is such a stream. */
  readonly isThere: (id: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** A session that ended is opened again after this, ms. */
const againMs = 1000;

export class Warming implements AsyncDisposable {
  readonly #options: WarmingOptions;
  readonly #kept = new Map<string, AbortController>();
  readonly #watching = new Set<Promise<void>>();

  constructor(options: WarmingOptions) {
    this.#options = options;
  }

  /** Keeps the stream running, for `seconds` or until `stop`. A second start counts from then on. */
  start(id: string, seconds: number | undefined): void {
    this.stop(id);
    const end = new AbortController();
    this.#kept.set(id, end);
    const watching = this.#watch(id, seconds, end).finally(() => this.#watching.delete(watching));
    this.#watching.add(watching);
  }

  /** The bridge watches no longer; the stream ends like any that nobody watches. Idempotent. */
  stop(id: string): void {
    this.#kept.get(id)?.abort();
    this.#kept.delete(id);
  }

  /** Ends all of it and waits until it has. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#kept.keys()) this.stop(id);
    await Promise.all(this.#watching);
  }

  /** Never rejects. */
  async #watch(id: string, seconds: number | undefined, end: AbortController): Promise<void> {
    const { rtspUrl, login, isThere, clock, log } = this.#options;
    const { signal } = end;
    if (seconds !== undefined) void this.#endAfter(seconds, end);
    const target = {
      url: `${rtspUrl}/${id}`,
      credentials: { username: login.user, password: login.password },
      certificate: "any" as const,
    };
    while (!signal.aborted && isThere(id)) {
      try {
        await playCamera({ target, clock, signal, onTrack: () => undefined, onPicture: () => undefined });
      } catch (error) {
        if (!signal.aborted) log.debug("a stream that is kept running is opened again", { printer: id, error });
      }
      await clock.wait(againMs, signal).catch(() => undefined);
    }
    if (this.#kept.get(id) === end) this.#kept.delete(id);
  }

  async #endAfter(seconds: number, end: AbortController): Promise<void> {
    try {
      await this.#options.clock.wait(seconds * 1000, end.signal);
      end.abort();
    } catch {
      // It was stopped before.
    }
  }
}
