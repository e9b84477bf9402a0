// How far the job is, in the numbers that every form of the report shows. They are the last job's
// when it has finished, and zero when it was cancelled.

import type { Machine } from "./machine.ts";

interface Progress {
  readonly percent: number;
  readonly preparePercent: number;
  readonly remainingMinutes: number;
  readonly layer: number;
  readonly totalLayers: number;
}

const none: Progress = { percent: 0, preparePercent: 0, remainingMinutes: 0, layer: 0, totalLayers: 0 };

export function progressOf({ job, lastPlan, resting }: Machine): Progress {
  if (job !== undefined) {
    const { percent, preparePercent, remainingMinutes, layer, plan } = job;
    return { percent, preparePercent, remainingMinutes, layer, totalLayers: plan.layers };
  }
  if (resting !== "FINISH" || lastPlan === undefined) return none;
  return { ...none, percent: 100, preparePercent: 100, layer: lastPlan.layers, totalLayers: lastPlan.layers };
}
