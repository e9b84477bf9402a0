// What the camera of the simulated Centauri Carbon sees, from the machine's state.

import type { Seen } from "../elegoo/view.ts";
import type { Machine } from "./machine.ts";

export function seen(machine: Machine): Seen {
  const { job, position, lightOn, nozzle } = machine;
  return {
    position: { x: position.X, y: position.Y, z: position.Z },
    printing: job?.stage === "printing",
    grown: grownPart(machine),
    lightOn,
    nozzleCelsius: nozzle.actualCelsius,
  };
}

/** A finished print stands on the bed until the next job. */
function grownPart({ job, lastStatus }: Machine): number | undefined {
  if (job !== undefined) return job.layer === 0 ? undefined : job.progressRatio;
  return lastStatus === 9 ? 1 : undefined;
}
