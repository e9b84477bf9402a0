// States a simulated Bambu Lab printer can begin in, and what lies on its card.

import { sampleProject } from "./sample-project.ts";
import type { JobPhase, JobPlan } from "./job.ts";
import type { Printer } from "./printer.ts";

const jobs: Readonly<Record<string, { readonly phase: JobPhase; readonly ratio: number }>> = {
  preparing: { phase: "prepare", ratio: 0 },
  heating: { phase: "stages", ratio: 0 },
  printing: { phase: "printing", ratio: 0.42 },
  paused: { phase: "printing", ratio: 0.42 },
  stopping: { phase: "printing", ratio: 0.42 },
  finished: { phase: "done", ratio: 1 },
  failed: { phase: "printing", ratio: 0.42 },
  cancelled: { phase: "printing", ratio: 0.42 },
  runout: { phase: "printing", ratio: 0.42 },
};

export const scenarios: readonly [string, ...string[]] = ["idle", ...Object.keys(jobs), "calibrating", "booted"];

const sampleFile = "cube.gcode.3mf";
/** Longer, so that a demo goes on for a while. */
const demo = { file: "bracket.gcode.3mf", name: "bracket", layers: 160, printSeconds: 10_800 } as const;
const failureCode = 0x0300_8008;
const runOut = 0x0300_8004;

/** Puts projects for this model on the card. */
export async function fillCard({ card, profile }: Printer): Promise<void> {
  const project = await sampleProject({ modelCode: profile.code });
  await card.put(sampleFile, project);
  await card.put(`cache/${sampleFile}`, project);
  const { layers, printSeconds } = demo;
  await card.put(demo.file, await sampleProject({ modelCode: profile.code, layers, printSeconds }));
  await card.put("model/README.txt", "Models sent to the printer.\n");
}

export function enterScenario({ machine, profile, overrides }: Printer, name: string): void {
  overrides.clear();
  machine.reset();
  if (name === "calibrating") machine.calibrate([1, 3]);
  if (name === "booted") machine.boot();
  const at = jobs[name];
  if (at === undefined) return;
  const job = machine.start(demoPlan(profile.stages));
  job.place(at.phase === "done" ? "printing" : at.phase, at.ratio);
  if (at.phase === "printing" || at.phase === "done") machine.settle();
  if (name === "paused") machine.pause();
  if (name === "stopping" || name === "cancelled") machine.stop();
  if (name === "cancelled") machine.advance(0, 60);
  if (name === "failed") machine.fail(failureCode);
  if (name === "finished") machine.advance(1, 0);
  if (name === "runout") machine.halt(runOut, 6);
}

function demoPlan(stages: readonly number[]): JobPlan {
  return {
    file: demo.file,
    subtaskName: demo.name,
    plate: 1,
    layers: demo.layers,
    printSeconds: demo.printSeconds,
    nozzleCelsius: 220,
    bedCelsius: 60,
    stages,
    mapping: [0],
    ids: { project_id: "0", profile_id: "0", task_id: "0", subtask_id: "0" },
    printType: "local",
    timelapse: false,
  };
}
