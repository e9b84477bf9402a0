// States a simulated Centauri Carbon 2 can begin in, and what lies in its storage.

import { type SlicedFile, slicedGcode } from "../elegoo/slicer-comments.ts";
import { vasePng } from "../elegoo/vase.ts";
import type { Job, Stage } from "./job.ts";
import { machineStatus } from "./machine.ts";
import type { Printer } from "./printer.ts";

interface SampleFile extends SlicedFile {
  readonly name: string;
  readonly colors: string;
  readonly types: string;
}

const orange = { colors: "#FF7A1A", types: "PLA", nozzleCelsius: 220, bedCelsius: 60 } as const;
const green = { colors: "#1E6B3A", types: "PETG", nozzleCelsius: 245, bedCelsius: 80 } as const;
const samples: readonly SampleFile[] = [
  { ...orange, name: "cube.gcode", layers: 100, printMinutes: 24, grams: "9.8" },
  { ...green, name: "bracket.gcode", layers: 180, printMinutes: 95, grams: "41.2" },
  { ...orange, name: "spiral vase.gcode", layers: 560, printMinutes: 310, grams: "118.4" },
  {
    name: "two-colour badge.gcode",
    layers: 24,
    printMinutes: 70,
    grams: "8.4, 3.1",
    colors: "#FF7A1A;#1E6B3A",
    types: "PLA;PETG",
    nozzleCelsius: 245,
    bedCelsius: 70,
  },
];
const onStick: SampleFile = { ...orange, name: "from the stick.gcode", layers: 60, printMinutes: 12, grams: "4.2" };

/** A job at a stage; those that have run out end at once. */
const jobStages: Readonly<Record<string, { readonly stage: Stage; readonly progressRatio: number }>> = {
  preparing: { stage: "heatingNozzle", progressRatio: 0 },
  printing: { stage: "printing", progressRatio: 0.42 },
  "filament-change": { stage: "printing", progressRatio: 0.42 },
  pausing: { stage: "pausing", progressRatio: 0.42 },
  paused: { stage: "paused", progressRatio: 0.42 },
  resuming: { stage: "resuming", progressRatio: 0.42 },
  stopping: { stage: "stopping", progressRatio: 0.42 },
  finished: { stage: "complete", progressRatio: 1 },
  stopped: { stage: "stopped", progressRatio: 0.42 },
  failed: { stage: "printing", progressRatio: 0.42 },
  interrupted: { stage: "printing", progressRatio: 0.42 },
  crashed: { stage: "printing", progressRatio: 0.42 },
};

export const scenarios: readonly [string, ...string[]] = ["idle", ...Object.keys(jobStages), "busy", "cloud-mode"];

const aDaySeconds = 86_400;
/** Bed levelling, which is what `busy` shows, seconds. */
const busySeconds = 600;
/** The exception that `failed` shows. */
const heaterFault = 101;
const demoFile = "spiral vase.gcode";
const twoColorFile = "two-colour badge.gcode";

/** Puts files into the storage and three jobs of the last days into the history. */
export async function fillStorage(printer: Printer): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  for (const [index, sample] of samples.entries()) {
    printer.files.put("local", sample.name, await gcode(sample), now - (index + 2) * aDaySeconds);
  }
  printer.files.put("u-disk", onStick.name, await gcode(onStick), now - aDaySeconds);
  for (const [index, stage] of (["stopped", "complete", "complete"] as const).entries()) {
    const job = place(printer, "cube.gcode", { stage, progressRatio: stage === "complete" ? 1 : 0.7 });
    printer.machine.advance(10, 0);
    if (job === undefined) continue;
    job.task.beganAt -= (3 - index) * aDaySeconds;
    job.task.endedAt -= (3 - index) * aDaySeconds;
  }
  printer.machine.reset();
}

/** Enters a scenario from whatever there was. `crashed` ends in the caller's hands; the rest is the machine's. */
export function enterScenario(printer: Printer, name: string): void {
  const { machine, knobs } = printer;
  machine.reset();
  knobs.lanOnly = name !== "cloud-mode";
  if (name === "busy") machine.occupy([{ status: machineStatus.levelling, code: 2901, seconds: busySeconds }]);
  const stage = jobStages[name];
  if (stage === undefined) return;
  const job = place(printer, name === "filament-change" ? twoColorFile : demoFile, stage);
  if (name === "filament-change") job?.beginSwitch();
  if (name === "finished" || name === "stopped") machine.advance(10, 0);
  if (name === "failed") machine.fail(heaterFault);
  if (name === "interrupted") {
    machine.die();
    machine.boot(true);
  }
}

function place(
  { files, machine }: Printer,
  name: string,
  at: { readonly stage: Stage; readonly progressRatio: number },
): Job | undefined {
  const file = files.get("local", name);
  if (file === undefined) return undefined;
  const trays = new Map(machine.canvas === undefined ? [] : file.tools.map(({ tool }) => [tool, tool]));
  return machine.place({ ...at, file, trays });
}

/** With its picture and its filaments. */
async function gcode(sample: SampleFile): Promise<Buffer> {
  const { colors, types } = sample;
  const picture = (await vasePng(colors.split(";")[0] ?? "")).toString("base64");
  return slicedGcode(sample, {
    before: [
      `; thumbnail begin 160x160 ${picture.length}`,
      ...(picture.match(/.{1,78}/g) ?? []).map((line) => `; ${line}`),
      "; thumbnail end",
    ],
    amid: [`; filament_colour = ${colors}`, `; filament_type = ${types}`],
  });
}
