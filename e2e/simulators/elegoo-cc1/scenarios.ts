// States a simulated Centauri Carbon can begin in, and what lies in its storage.

import { type SlicedFile, slicedGcode } from "../elegoo/slicer-comments.ts";
import { errorReason } from "./history.ts";
import type { Stage } from "./job.ts";
import { machineStatus } from "./machine.ts";
import type { Printer } from "./printer.ts";

interface SampleFile extends SlicedFile {
  readonly name: string;
}

const samples: readonly SampleFile[] = [
  { name: "cube.gcode", layers: 100, printMinutes: 24, grams: "9.8", nozzleCelsius: 220, bedCelsius: 60 },
  { name: "bracket.gcode", layers: 180, printMinutes: 95, grams: "41.2", nozzleCelsius: 245, bedCelsius: 80 },
  { name: "spiral vase.gcode", layers: 560, printMinutes: 310, grams: "118.4", nozzleCelsius: 225, bedCelsius: 60 },
];

/** `[1]` with a job at a stage, or `[0]` after one. */
const jobStages: Readonly<Record<string, { readonly stage: Stage; readonly progressRatio: number }>> = {
  preparing: { stage: "preheating", progressRatio: 0 },
  printing: { stage: "printing", progressRatio: 0.42 },
  pausing: { stage: "pausing", progressRatio: 0.42 },
  paused: { stage: "paused", progressRatio: 0.42 },
  stopping: { stage: "stopping", progressRatio: 0.42 },
};
const endStages: Readonly<Record<string, { readonly stage: Stage; readonly progressRatio: number }>> = {
  finished: { stage: "complete", progressRatio: 1 },
  stopped: { stage: "stopped", progressRatio: 0.42 },
  failed: { stage: "failed", progressRatio: 0.42 },
};

export const scenarios = [
  "idle",
  "preparing",
  "printing",
  "pausing",
  "paused",
  "stopping",
  "finished",
  "stopped",
  "failed",
  "busy",
  "interrupted",
  "crashed",
] as const;

const aDaySeconds = 86_400;
/** Bed levelling, which is what `busy` shows, seconds. */
const busySeconds = 600;
const demoFile = "/local/spiral vase.gcode";

/** Puts files into the storage and three jobs of the last days into the history. */
export function fillStorage(printer: Printer): void {
  const now = Math.floor(Date.now() / 1000);
  for (const [index, sample] of samples.entries()) {
    printer.files.put(`/local/${sample.name}`, slicedGcode(sample), now - (index + 2) * aDaySeconds);
  }
  for (const [index, stage] of (["failed", "stopped", "complete"] as const).entries()) {
    runToEnd(printer, stage, stage === "complete" ? 1 : 0.7, "/local/cube.gcode");
    const [task] = printer.history.tasks;
    if (task === undefined) continue;
    task.beganAt -= (3 - index) * aDaySeconds;
    task.endedAt -= (3 - index) * aDaySeconds;
  }
  printer.machine.reset();
}

/** Enters a scenario from whatever there was. `crashed` is the caller's affair; the rest is the machine's. */
export function enterScenario(printer: Printer, name: string): void {
  const { machine } = printer;
  machine.reset();
  const file = printer.files.get(demoFile);
  if (file === undefined) return;
  const job = jobStages[name];
  const end = endStages[name];
  if (job !== undefined) machine.place({ file, ...job });
  else if (end !== undefined) runToEnd(printer, end.stage, end.progressRatio, demoFile);
  else if (name === "busy") machine.occupy(machineStatus.levelling, busySeconds);
  else if (name === "interrupted" || name === "crashed") {
    machine.place({ file, stage: "printing", progressRatio: 0.42 });
    machine.die();
  }
}

function runToEnd({ machine, files }: Printer, stage: Stage, progressRatio: number, path: string): void {
  const file = files.get(path);
  if (file === undefined) return;
  machine.place({ file, stage, progressRatio });
  if (stage === "failed" && machine.job !== undefined) machine.job.task.reason = errorReason.unspecified;
  machine.advance(10, 0);
}
