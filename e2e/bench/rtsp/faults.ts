// The fault table: what breaks behind a viewer, and for how long the viewer gets no picture. Both
// systems are watched at the same time where the camera breaks, so that they meet the same fault.

import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import type { BenchCamera } from "./camera.ts";
import type { faultParts } from "./modes.ts";
import { limitRow, type Report } from "./report.ts";
import { Reader } from "./reader.ts";
import { Baseline, closeAfterMs, kill, lingerMs, type System } from "./systems.ts";
import { backAfter, watched, type Outcome } from "./viewer.ts";

/** How long is looked on after a fault: the baseline pauses for 5 s, and its viewer comes back after that. */
const watchMs = 15_000;
/** How long the camera is away before a viewer comes: longer than its last picture is still shown. */
const awayMs = 32_000;
/** After the linger everything that was for viewers is gone by then. */
const afterLingerMs = 10_000;

type Fault = (bench: Bench) => Promise<void>;

export const faultOf: Readonly<Record<(typeof faultParts)[number], Fault>> = {
  stall: async (bench) =>
    cameraFault(bench, "camera stalls 20 s", { gap: 1.2, back: 1 }, async (camera) => {
      await camera.fault("stall");
      await wait(20_000);
      await camera.mend("stall");
    }),
  drop: async (bench) =>
    cameraFault(bench, "camera drops the connection", { back: 1 }, async (camera) => camera.fault("close")),
  refuse: async (bench) =>
    cameraFault(bench, "camera refuses 5 s", { back: 1 }, async (camera) => {
      await camera.fault("refuse");
      await wait(5000);
      await camera.mend("refuse");
    }),
  encoder: encoderFaults,
  server: serverKilled,
  away: cameraAway,
  left: stalledAndLeft,
};

/** What is promised of ours, s. The session always survives. */
interface Promised {
  readonly gap?: number;
  readonly back?: number;
}

function addOutcome(
  report: Report,
  what: string,
  { gap, back }: Promised,
  outcomes: { readonly baseline: Outcome; readonly ours: Outcome },
): void {
  const { baseline, ours } = outcomes;
  const silence = { value: ours.gap, baseline: baseline.gap, atMost: gap };
  report.add(limitRow({ what: `${what}: longest without a packet`, unit: "s", ...silence }));
  const seen = { value: ours.back, baseline: baseline.back, atMost: back };
  const detail = baseline.back === undefined ? "baseline never" : "";
  report.add(limitRow({ what: "  the camera is seen again after", unit: "s", detail, ...seen }));
  const lost = { value: ours.survived ? 0 : 1, baseline: baseline.survived ? 0 : 1, atMost: 0 };
  report.add(limitRow({ what: "  sessions lost", unit: "", ...lost }));
}

/** One fault of the camera under a viewer of each. */
async function cameraFault(
  { baseline, ours, camera, report }: Bench,
  what: string,
  promised: Promised,
  breakIt: (camera: BenchCamera) => Promise<void>,
): Promise<void> {
  const theirs = await watched(baseline, nothing, watchMs);
  const own = await watched(ours, nothing, watchMs);
  await breakIt(camera);
  const [baselineOutcome, oursOutcome] = await Promise.all([theirs.tell(), own.tell()]);
  addOutcome(report, what, promised, { baseline: baselineOutcome, ours: oursOutcome });
  await Promise.all([baseline.idle(0).catch(() => undefined), ours.idle(0)]);
}

async function nothing(): Promise<void> {
  // The camera's fault comes later, to both at once.
}

async function encoderFaults({ ours, camera, report }: Bench): Promise<void> {
  for (const [what, signal, gap] of [
    ["encoder killed", "SIGKILL", 0.5],
    ["encoder hangs", "SIGSTOP", 3],
  ] as const) {
    // A baseline of its own: one whose encoder was killed under a waiting viewer never answers again.
    await using theirs = await Baseline.start([camera.url]);
    const outcomes = { baseline: await encoderFault(theirs, signal), ours: await encoderFault(ours, signal) };
    addOutcome(report, what, { gap }, outcomes);
    await ours.idle(0);
  }
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

/** MediaMTX is killed: how long until a new viewer gets a picture. The baseline's is nobody's child to start again. */
async function serverKilled({ ours, report }: Bench): Promise<void> {
  const what = "MediaMTX killed: a new viewer's picture after";
  {
    await using first = await Reader.open(ours.url(0));
    await first.firstPicture();
    await wait(2000);
    const server = (await ours.processes()).find(({ command }) => command === "mediamtx");
    if (server === undefined) throw new Error("there is no MediaMTX");
    process.kill(server.pid, "SIGKILL");
    const value = await retried(ours, performance.now(), 20_000);
    report.add(limitRow({ what, value, unit: "s", atMost: 3, detail: "baseline never" }));
  }
  await ours.idle(0);
}

/** Tries to watch until a picture comes; s since `sinceMs`. */
async function retried(system: System, sinceMs: number, limitMs: number): Promise<number | undefined> {
  while (performance.now() - sinceMs < limitMs) {
    try {
      await using reader = await Reader.open(system.url(0));
      await reader.firstPicture(5000);
      return (performance.now() - sinceMs) / 1000;
    } catch {
      await wait(100);
    }
  }
  return undefined;
}

/** A viewer comes while the camera is away: its first picture, and live after the camera's return. */
async function cameraAway({ camera, ours, report }: Bench): Promise<void> {
  await camera.fault("refuse");
  await wait(awayMs);
  {
    await using reader = await Reader.open(ours.url(0));
    const value = await reader.firstPicture();
    report.add(limitRow({ what: "viewer of an absent camera: first picture", value, unit: "ms", atMost: 500 }));
    await wait(5000);
    await camera.mend("refuse");
    const over = { atMs: performance.now(), unixMs: Date.now() };
    await wait(watchMs);
    const live = await backAfter([reader], over);
    report.add(limitRow({ what: "  live after the camera's return", value: live, unit: "s", atMost: 2 }));
  }
  await ours.idle(0);
}

/** The last viewer of a stalled camera leaves. One after the other: the camera cannot tell whose a connection is. */
async function stalledAndLeft({ camera, ours, report }: Bench): Promise<void> {
  await using baseline = await Baseline.start([camera.url]);
  const own = await leftBehind(ours, camera, lingerMs);
  const theirs = await leftBehind(baseline, camera, closeAfterMs);
  const unit = "";
  const encoders = { value: own.encoders, baseline: theirs.encoders, atMost: 0, unit };
  report.add(limitRow({ what: "left while it stalls: encoders 10 s after the linger", ...encoders }));
  const connections = { value: own.connections, baseline: theirs.connections, atMost: 0, unit };
  report.add(limitRow({ what: "  camera connections then", ...connections }));
}

interface LeftBehind {
  readonly encoders: number;
  readonly connections: number;
}

async function leftBehind(system: System, camera: BenchCamera, waitsMs: number): Promise<LeftBehind> {
  await camera.unwatched();
  {
    await using reader = await Reader.open(system.url(0));
    await reader.firstPicture();
    await wait(2000);
    await camera.fault("stall");
    await wait(4000);
  }
  await wait(waitsMs + afterLingerMs);
  const encoders = (await system.processes()).filter(({ command }) => command === "ffmpeg").length;
  const connections = (await camera.counters()).current;
  await camera.mend("stall");
  return { encoders, connections };
}
