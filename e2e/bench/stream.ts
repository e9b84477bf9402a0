// `make bench`: what one stream costs, as ratios to a yardstick of the same run, since absolute
// times say more about the machine than about the code. Not a test: it asserts nothing.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { descendants } from "../scenarios/harness/processes.ts";
import { Stack } from "../scenarios/harness/stack.ts";
import { until } from "../scenarios/harness/until.ts";

const rounds = 5;
const measuredMs = 15_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function repeat(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) values.push(await measure());
  return median(values);
}

/** From the start of a player that does not linger over probing to its first picture, ms. */
async function firstPicture(input: readonly string[]): Promise<number> {
  const begun = performance.now();
  const player = ffmpeg([
    "-probesize",
    "32",
    "-analyzeduration",
    "1",
    "-fpsprobesize",
    "0",
    ...input,
    "-frames:v",
    "1",
    "-f",
    "null",
    "-",
  ]);
  const [code] = (await once(player, "exit")) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg could not play ${input.join(" ")}`);
  return performance.now() - begun;
}

function ffmpeg(args: readonly string[]): ReturnType<typeof spawn> {
  return spawn("ffmpeg", ["-nostdin", "-loglevel", "error", ...args], { stdio: ["ignore", "ignore", "inherit"] });
}

/** CPU time that these processes have used so far, in clock ticks. Linux only. */
async function ticksOf(pids: readonly number[]): Promise<number> {
  let sum = 0;
  for (const pid of pids) {
    // Fields 14 and 15 of stat (proc(5)), counted after the name, which may hold blanks.
    const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /su, "").split(" ");
    sum += Number(fields[11]) + Number(fields[12]);
  }
  return sum;
}

async function ticksDuring(pids: readonly number[]): Promise<number> {
  const before = await ticksOf(pids);
  await wait(measuredMs);
  return (await ticksOf(pids)) - before;
}

async function benchStart(stack: Stack, mjpeg: readonly string[]): Promise<void> {
  const rtsp = ["-rtsp_transport", "tcp", "-i", `${stack.rtspUrl}/cc1`];
  // Once unmeasured: the camera is then known, and the programs are in the page cache.
  await firstPicture(rtsp);
  const direct = await repeat(async () => firstPicture(mjpeg));
  const cold = await repeat(async () => {
    await until("the stream is idle", async () => (await stack.stream("cc1"))["state"] === "idle");
    return firstPicture(rtsp);
  });
  await using first = stack.watch("cc1");
  await first.showsLive();
  const joining = await repeat(async () => firstPicture(rtsp));
  say(`first picture, median of ${rounds}: the gateway's MJPEG 1 (${direct.toFixed(0)} ms here)`);
  say(`  RTSP, nobody watched before: ${(cold / direct).toFixed(2)}`);
  say(`  RTSP, a second viewer:       ${(joining / direct).toFixed(2)}`);
}

async function benchCpu(stack: Stack, mjpeg: readonly string[]): Promise<void> {
  if (process.platform !== "linux") {
    say("CPU: measured on Linux only");
    return;
  }
  const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-f", "null", "-"];
  const yardstick = ffmpeg([...mjpeg, ...encode]);
  await wait(2000);
  const plain = await ticksDuring([yardstick.pid ?? 0]);
  yardstick.kill("SIGKILL");
  await using viewer = stack.watch("cc1");
  await viewer.showsLive();
  const below = (await descendants(stack.bridge.pid)).map(({ pid }) => pid);
  const bridge = await ticksDuring([stack.bridge.pid, ...below]);
  const cores = plain / (measuredMs / 10);
  say(`CPU of one watched stream: one ffmpeg that encodes the same camera 1 (${cores.toFixed(2)} cores here)`);
  say(`  bridge, encoder and MediaMTX together: ${(bridge / plain).toFixed(2)}`);
}

await using stack = await Stack.start({ bridge: true, linger: "1s" });
const mjpeg = ["-f", "mpjpeg", "-i", `${stack.gatewayUrl}/api/v1/printers/cc1/camera.mjpeg`];
await benchStart(stack, mjpeg);
await benchCpu(stack, mjpeg);
