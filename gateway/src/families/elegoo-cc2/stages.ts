// `machine_status.status` and `.sub_status` → phase and words, by table. The numbers are the vendor
// SDK's (elegoo_fdm_cc2_message_adapter.cpp); the same sub-status means different things under
// different statuses (2075: printing under 2, update failed under 9).

import type { Phase } from "../../model/printer.ts";

/** The statuses that mean something on their own. */
export const machine = { starting: 0, idle: 1, job: 2, emergency: 14, powerLoss: 15 } as const;

export interface Stage {
  readonly phase: Phase;
  readonly stage: string | null;
}

export const filamentChange = "filament change";

/** Sub-statuses of a job. Homed and levelled are moments between two preparations. */
const jobStages: Readonly<Record<number, Stage>> = {
  1045: { phase: "preparing", stage: "nozzle heating" },
  1096: { phase: "preparing", stage: "nozzle heating" },
  1405: { phase: "preparing", stage: "bed heating" },
  1906: { phase: "preparing", stage: "bed heating" },
  2801: { phase: "preparing", stage: "homing" },
  2802: { phase: "preparing", stage: "homed" },
  2901: { phase: "preparing", stage: "bed levelling" },
  2902: { phase: "preparing", stage: "bed levelled" },
  2401: { phase: "resuming", stage: "resuming" },
  2402: { phase: "printing", stage: "resumed" },
  2501: { phase: "pausing", stage: "pausing" },
  2502: { phase: "paused", stage: "paused" },
  2505: { phase: "paused", stage: "paused" },
  2503: { phase: "stopping", stage: "stopping" },
  2504: { phase: "stopped", stage: "stopped" },
  2077: { phase: "finished", stage: "complete" },
};

const printing: Stage = { phase: "printing", stage: "printing" };
const changingFilament: Stage = { phase: "printing", stage: filamentChange };

/** Sub-statuses of a job that say no more than that it prints. */
const plain: ReadonlySet<number> = new Set([0, 1041, 2075]);

const filamentWords: Readonly<Record<number, string>> = {
  1133: "loading filament",
  1134: "loading filament",
  1135: "loading filament",
  1136: "filament loaded",
  1143: "unloading filament",
  1144: "unloading filament",
  1145: "filament unloaded",
};

/** What else the machine can be busy with, and the finer words for it. */
const busyStages: Readonly<
  Record<number, { readonly stage: string; readonly finer?: Readonly<Record<number, string>> }>
> = {
  0: { stage: "starting" },
  3: { stage: "filament operation", finer: filamentWords },
  4: { stage: "filament operation", finer: filamentWords },
  5: { stage: "bed levelling", finer: { 2902: "bed levelled" } },
  6: { stage: "PID calibration", finer: { 1505: "PID calibrated", 1506: "PID calibration failed" } },
  7: { stage: "resonance test", finer: { 5935: "resonance test done", 5936: "resonance test failed" } },
  8: {
    stage: "self check",
    finer: {
      1503: "self check: PID calibration",
      1504: "self check: PID calibration",
      1506: "self check: PID calibration failed",
      2901: "self check: bed levelling",
      5934: "self check: resonance test",
      5936: "self check: resonance test failed",
    },
  },
  9: { stage: "firmware update", finer: { 2074: "firmware updated", 2075: "firmware update failed" } },
  10: { stage: "homing", finer: { 2802: "homed", 2803: "homing failed" } },
  11: { stage: "receiving file", finer: { 3001: "file received" } },
  12: { stage: "rendering time-lapse" },
  13: {
    stage: "extruder operation",
    finer: { 1061: "loading filament", 1062: "unloading filament", 1063: "filament loaded", 1064: "filament unloaded" },
  },
};

/** A job's stage; `parked` is the head at the filament chute, where the firmware tells no more than 2075. */
export function jobStage(subStatus: number, parked: boolean): Stage {
  const told = jobStages[subStatus];
  if (told !== undefined) return told;
  if (parked) return changingFilament;
  return plain.has(subStatus) ? printing : { phase: "printing", stage: `sub-status ${subStatus}` };
}

/** The stage of every status that is neither a job nor idle. */
export function busyStage(status: number | null, subStatus: number): Stage {
  if (status === machine.emergency) return { phase: "failed", stage: "emergency stop" };
  if (status === machine.powerLoss) return { phase: "preparing", stage: "power-loss recovery" };
  const known = status === null ? undefined : busyStages[status];
  if (known !== undefined) return { phase: "busy", stage: known.finer?.[subStatus] ?? known.stage };
  return { phase: "unknown", stage: status === null ? null : `status ${status}` };
}
