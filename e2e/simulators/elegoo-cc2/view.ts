// What the camera of the simulated Centauri Carbon 2 sees, from the machine's state.

import type { Seen } from "../elegoo/view.ts";
import type { Machine } from "./machine.ts";

export function seen(machine: Machine): Seen {
  const { job, position, lightOn, nozzle } = machine;
  return {
    position,
    printing: job?.stage === "printing" && !job.switching,
    grown: grownPart(machine),
    lightOn,
    nozzleCelsius: nozzle.actualCelsius,
  };
}

/** A finished print stands on the bed until the next job. */
function grownPart({ job, lastJob, restingState }: Machine): number | undefined {
  if (job !== undefined) return job.layer === 0 ? undefined : job.progressRatio;
  return restingState === "complete" && lastJob !== undefined ? 1 : undefined;
}
