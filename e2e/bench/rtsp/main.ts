// `make bench-rtsp`: the RTSP bridge beside the command that most people paste, on one simulated
// camera, in turns. Not a test: it asserts nothing, and a promise missed is no failure. `--full`
// takes about an hour on two cores.

import { descendants } from "../../scenarios/harness/processes.ts";
import { Stand, usualRate, type Bench } from "./bench.ts";
import { estimate } from "./estimate.ts";
import { faultOf } from "./faults.ts";
import { measureMany } from "./many.ts";
import { faultParts, rateParts, readChoice, singleParts, type Choice, type SizePlan } from "./modes.ts";
import { measureHeld, measureSnapshots, measureSub } from "./ours-alone.ts";
import { ratePartOf, warmUp } from "./rates.ts";
import { Report } from "./report.ts";
import { kill } from "./systems.ts";

const { mode, wanted, report } = begin();

const singleOf = { held: measureHeld, sub: measureSub, memory: measureMany, snapshot: measureSnapshots } as const;

/** What was asked for; words that are not understood end the process, with exit code 2. */
function begin(): Pick<Choice, "mode" | "wanted"> & { readonly report: Report } {
  try {
    const { jsonFile, ...choice } = readChoice(process.argv.slice(2));
    return { ...choice, report: new Report(jsonFile) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

/** Interrupted: nothing that was started stays. */
async function giveUp(): Promise<void> {
  for (const { pid } of await descendants(process.pid)) kill(pid);
  process.exit(130);
}

/** One size of the camera: parts by rate, then those that need no rate. */
async function measureSize(plan: SizePlan): Promise<void> {
  const atRates = rateParts.filter((part) => wanted.has(part));
  if (atRates.length === 0 && plan !== mode.sizes[0]) return;
  await using stand = await Stand.start(plan.size, Math.max(...mode.streams));
  /** A part that fails is told of, and costs nothing but itself. */
  const attempt = async (what: string, rate: number, measure: (bench: Bench) => Promise<void>): Promise<boolean> => {
    try {
      await stand.camera.fault("rate-change", { fps: rate });
      await measure({ mode, plan, report, camera: stand.camera, ...(await stand.systems()) });
      return true;
    } catch (error) {
      report.failed(what, error);
      await stand.clear();
      return false;
    }
  };
  report.heading(`camera of ${plan.size}, baseline ÷ ours by medians`);
  for (const rate of atRates.length === 0 ? [] : plan.rates) {
    let warm = false;
    for (const part of atRates) {
      warm ||= await attempt(`a first start, ${plan.size} at ${rate}/s`, rate, warmUp);
      warm = await attempt(`${part}, ${plan.size} at ${rate}/s`, rate, async (bench) => ratePartOf[part](bench, rate));
    }
  }
  if (plan !== mode.sizes[0]) return;
  for (const part of singleParts) {
    if (wanted.has(part)) await attempt(part, usualRate, singleOf[part]);
  }
  const faults = faultParts.filter((part) => wanted.has(part));
  if (faults.length > 0) report.heading(`faults under a viewer of ${plan.size} at ${usualRate}/s`);
  for (const part of faults) await attempt(`fault: ${part}`, usualRate, faultOf[part]);
}

// The systems have groups of their own: Ctrl-C and a time limit reach this process alone.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => void giveUp());

report.say(`this takes about ${Math.ceil(estimate(mode, wanted) / 60)} minutes; the machine should do nothing else`);
for (const plan of mode.sizes) {
  await measureSize(plan).catch((error: unknown) => report.failed(plan.size, error));
}
report.sum();
