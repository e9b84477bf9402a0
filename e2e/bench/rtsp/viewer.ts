// A viewer who stays through a fault, and what the fault was to it: how long it got nothing, when it
// saw the camera again, whether its session lived on.

import { setTimeout as wait } from "node:timers/promises";
import { until } from "../../scenarios/harness/until.ts";
import { decode } from "./decode.ts";
import { Reader, type Arrival } from "./reader.ts";
import type { System } from "./systems.ts";

export interface Outcome {
  /** Longest time without a packet, s. */
  readonly gap: number;
  /** From the end of the fault to a picture taken after it, s; undefined: it never came. */
  readonly back: number | undefined;
  readonly survived: boolean;
}

/** A viewer as an NVR is one: it comes back at once when its session ends. */
class Viewer implements AsyncDisposable {
  /** Of all its sessions. */
  readonly sessions: Reader[] = [];
  readonly #url: string;
  #left = false;
  #coming: Promise<void>;

  private constructor(url: string) {
    this.#url = url;
    this.#coming = this.#stay();
  }

  static async watch(system: System): Promise<Viewer> {
    const viewer = new Viewer(system.url(0));
    await until("the viewer sees a picture", () => viewer.arrivals.some(({ key }) => key));
    return viewer;
  }

  get arrivals(): Arrival[] {
    return this.sessions.flatMap(({ arrivals }) =>
      arrivals.slice(
        Math.max(
          0,
          arrivals.findIndex(({ key }) => key),
        ),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#left = true;
    await this.sessions.at(-1)?.[Symbol.asyncDispose]();
    await this.#coming;
  }

  async #stay(): Promise<void> {
    while (!this.#left) {
      try {
        const reader = await Reader.open(this.#url);
        this.sessions.push(reader);
        await reader.until(() => (this.#left ? true : undefined), 600_000);
      } catch {
        // The server refuses, or the session ended: so it comes again.
        await wait(100);
      }
    }
  }
}

/** Watches before, during and after the fault; `tell` waits for what follows and tells of it. */
export async function watched(
  system: System,
  fault: () => Promise<void>,
  limitMs: number,
): Promise<{ readonly tell: () => Promise<Outcome> }> {
  const viewer = await Viewer.watch(system);
  await wait(3000);
  const from = performance.now();
  await fault();
  const tell = async (): Promise<Outcome> => {
    await using held = viewer;
    const over = { atMs: performance.now(), unixMs: Date.now() };
    await wait(limitMs);
    const { arrivals, sessions } = held;
    const gap = longestGap(arrivals, performance.now(), from) / 1000;
    const back = await backAfter(sessions, over);
    const survived = sessions.length === 1 && sessions[0]?.endedMs === undefined;
    return { gap, back, survived };
  };
  return { tell };
}

function longestGap(arrivals: readonly Arrival[], untilMs: number, fromMs: number): number {
  const times = [fromMs, ...arrivals.map(({ atMs }) => atMs).filter((atMs) => atMs > fromMs), untilMs];
  return Math.max(...times.slice(1).map((atMs, index) => atMs - (times[index] ?? atMs)));
}

/** When a picture that was taken after the fault was first seen, s after its end. */
export async function backAfter(
  sessions: readonly Reader[],
  over: { readonly atMs: number; readonly unixMs: number },
): Promise<number | undefined> {
  for (const { arrivals } of sessions) {
    const shown = await decode(arrivals);
    const fresh = shown.find(({ code }) => code !== undefined && code.capturedAtMs >= over.unixMs);
    if (fresh !== undefined) return (fresh.arrival.atMs - over.atMs) / 1000;
  }
  return undefined;
}
