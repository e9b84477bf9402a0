// The fault table: what breaks behind a viewer, and for how long the viewer gets no picture. Both
// systems are watched at the same time, so that they meet the same fault.

import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { until } from "../../scenarios/harness/until.ts";
import type { BenchCamera } from "./camera.ts";
import { decode } from "./decode.ts";
import { say } from "./figures.ts";
import { Reader, type Arrival } from "./reader.ts";
import { Baseline, kill, type Ours, type System } from "./systems.ts";

export interface FaultBench {
  readonly camera: BenchCamera;
  readonly baseline: Baseline;
  readonly ours: Ours;
}

interface Outcome {
  /** Longest time without a packet, s. */
  readonly gap: number;
  /** From the end of the fault to a picture taken after it, s; undefined: it never came. */
  readonly back: number | undefined;
  readonly survived: boolean;
}

/** How long is looked on after a fault: the baseline pauses for 5 s, and its viewer comes back after that. */
const watchMs = 15_000;

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
async function watched(
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
async function backAfter(
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

function line(what: string, outcomes: Readonly<Record<string, Outcome>>): void {
  const words = Object.entries(outcomes).map(([name, { gap, back, survived }]) => {
    const returned = back === undefined ? "never back" : `back after ${back.toFixed(2)} s`;
    return `${name}: ${gap.toFixed(2)} s, ${returned}, ${survived ? "same session" : "session lost"}`;
  });
  say(`  ${what.padEnd(28)} ${words.join("  |  ")}`);
}

async function nothing(): Promise<void> {
  // The camera's fault comes later, to both at once.
}

/** One fault of the camera under a viewer of each. */
async function cameraFault(bench: FaultBench, what: string, name: string, seconds: number): Promise<void> {
  const theirs = await watched(bench.baseline, nothing, watchMs);
  const own = await watched(bench.ours, nothing, watchMs);
  await bench.camera.fault(name);
  await wait(seconds * 1000);
  await bench.camera.mend(name);
  const [baseline, ours] = await Promise.all([theirs.tell(), own.tell()]);
  line(what, { baseline, ours });
  await Promise.all([bench.baseline.idle(0).catch(() => undefined), bench.ours.idle(0)]);
}

async function encoderFault(system: System, signal: NodeJS.Signals): Promise<Outcome> {
  let encoder: number | undefined;
  const { tell } = await watched(
    system,
    async () => {
      encoder = await usedEncoder(system);
      if (encoder !== undefined) process.kill(encoder, signal);
    },
    watchMs,
  );
  const outcome = await tell();
  // A stopped one that nobody has killed would be there for ever.
  if (encoder !== undefined) kill(encoder);
  return outcome;
}

/** The encoder that works: the one that has used the most CPU. */
async function usedEncoder(system: System): Promise<number | undefined> {
  const pids = (await system.processes()).filter(({ command }) => command === "ffmpeg").map(({ pid }) => pid);
  const spent = await Promise.all(pids.map(async (pid) => ({ pid, cpu: await cpuSoFar(pid) })));
  return spent.toSorted((left, right) => right.cpu - left.cpu)[0]?.pid;
}

async function cpuSoFar(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /su, "").split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** MediaMTX is killed: how long until a new viewer gets a picture, s. */
async function serverKilled(system: Ours): Promise<number> {
  await using first = await Reader.open(system.url(0));
  await first.firstPicture();
  await wait(2000);
  const server = (await system.processes()).find(({ command }) => command === "mediamtx");
  if (server === undefined) throw new Error("there is no MediaMTX");
  process.kill(server.pid, "SIGKILL");
  const killedMs = performance.now();
  const backSeconds = await retried(system, killedMs, 20_000);
  return backSeconds;
}

/** Tries to watch until a picture comes; s since `sinceMs`. */
async function retried(system: System, sinceMs: number, limitMs: number): Promise<number> {
  while (performance.now() - sinceMs < limitMs) {
    try {
      await using reader = await Reader.open(system.url(0));
      await reader.firstPicture(5000);
      return (performance.now() - sinceMs) / 1000;
    } catch {
      await wait(100);
    }
  }
  return Infinity;
}

/** A viewer comes while the camera is away: its first picture, and live after the camera's return, s. */
async function cameraAway({ camera, ours }: FaultBench): Promise<{ first: number; live: number | undefined }> {
  await camera.fault("refuse");
  await camera.fault("close");
  // Older than what is still shown as the last picture.
  await wait(32_000);
  await using reader = await Reader.open(ours.url(0));
  const first = (await reader.firstPicture()) / 1000;
  await wait(5000);
  await camera.mend("refuse");
  const over = { atMs: performance.now(), unixMs: Date.now() };
  await wait(watchMs);
  const live = await backAfter([reader], over);
  return { first, live };
}

/** The last viewer of a stalled camera leaves: encoders and camera connections 10 s after the linger. */
async function stalledAndLeft({ camera, baseline, ours }: FaultBench): Promise<string> {
  {
    await using theirs = await Reader.open(baseline.url(0));
    await using own = await Reader.open(ours.url(0));
    await Promise.all([theirs.firstPicture(), own.firstPicture()]);
    await wait(2000);
    await camera.fault("stall");
    await wait(4000);
  }
  await wait(15_000);
  const words = `encoders baseline ${await encoders(baseline)}, ours ${await encoders(ours)}`;
  await camera.mend("stall");
  return words;
}

async function encoders(system: System): Promise<number> {
  return (await system.processes()).filter(({ command }) => command === "ffmpeg").length;
}

/** Prints the table. Takes some minutes: a fault must last to be one. */
export async function faultTable(bench: FaultBench): Promise<void> {
  const { camera, ours } = bench;
  await camera.fault("rate-change", { fps: 15 });
  say("faults under a viewer at 15/s: longest time without a packet, and when the camera is seen again");
  await cameraFault(bench, "camera stalls 20 s", "stall", 20);
  await cameraFault(bench, "camera refuses 5 s", "refuse", 5);
  for (const [what, signal] of [
    ["encoder killed", "SIGKILL"],
    ["encoder hangs", "SIGSTOP"],
  ] as const) {
    // A baseline of its own: one whose encoder was killed under a waiting viewer never answers again.
    await using theirs = await Baseline.start([camera.url]);
    line(what, { baseline: await encoderFault(theirs, signal), ours: await encoderFault(ours, signal) });
    await ours.idle(0);
  }
  say(
    `  ${"MediaMTX killed".padEnd(28)} ours: picture for a new viewer after ${(await serverKilled(ours)).toFixed(2)} s`,
  );
  await ours.idle(0);
  const { first, live } = await cameraAway(bench);
  say(
    `  ${"viewer of an absent camera".padEnd(28)} ours: picture after ${first.toFixed(2)} s, live ${live?.toFixed(2) ?? "never"} s after its return`,
  );
  await ours.idle(0);
  say(`  ${"left while it stalls".padEnd(28)} 12 s after the linger: ${await stalledAndLeft(bench)}`);
}
