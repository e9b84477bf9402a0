// What the camera of the simulated Centauri Carbon 2 sees, from the machine's state.

import { sceneOf } from "../elegoo/view.ts";
import { FrameSource } from "../picture/frame-source.ts";
import type { Scene } from "../picture/scene.ts";
import type { Machine } from "./machine.ts";

export function cameraOf(
  machine: Machine,
  sensor: { readonly width: number; readonly height: number; readonly framesPerSecond: number },
): FrameSource {
  return new FrameSource({ ...sensor, look: () => look(machine) });
}

function look(machine: Machine): Scene {
  const { job, position, lightOn, nozzle } = machine;
  return sceneOf({
    position,
    printing: job?.stage === "printing" && !job.switching,
    grown: grownPart(machine),
    lightOn,
    nozzleCelsius: nozzle.actualCelsius,
  });
}

/** A finished print stands on the bed until the next job. */
function grownPart({ job, lastJob, restingState }: Machine): number | undefined {
  if (job !== undefined) return job.layer === 0 ? undefined : job.progressRatio;
  return restingState === "complete" && lastJob !== undefined ? 1 : undefined;
}
