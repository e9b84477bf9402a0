// What the camera of the simulated Centauri Carbon 2 sees, from the machine's state. The toolhead
// moves by the wall clock, so that it looks right however fast the machine's own time goes.

import { FrameSource } from "../picture/frame-source.ts";
import type { Scene } from "../picture/scene.ts";
import type { Machine } from "./machine.ts";

/** Width of the bed, mm. */
const bedMillimeters = 256;
const darkCelsius = 40;
const glowingCelsius = 220;

export function cameraOf(
  machine: Machine,
  sensor: { readonly width: number; readonly height: number; readonly framesPerSecond: number },
): FrameSource {
  return new FrameSource({ ...sensor, look: () => look(machine) });
}

function look(machine: Machine): Scene {
  const { job, nozzle, position } = machine;
  const grown = grownPart(machine);
  const seconds = Date.now() / 1000;
  const printing = job?.stage === "printing" && !job.switching;
  return {
    headX: printing ? 0.5 + 0.13 * Math.sin(seconds * 3.1) : position.x / bedMillimeters,
    headY: printing ? 0.5 + 0.4 * Math.sin(seconds * 2.3) : Math.min(1, position.y / bedMillimeters),
    grown,
    bedDrop: Math.min(
      1,
      grown === undefined ? position.z / bedMillimeters + 0.1 : grown * 0.95 + (printing ? 0 : 0.05),
    ),
    lightOn: machine.lightOn,
    nozzleHeat: Math.max(0, Math.min(1, (nozzle.actualCelsius - darkCelsius) / (glowingCelsius - darkCelsius))),
  };
}

/** A finished print stands on the bed until the next job. */
function grownPart({ job, lastJob, restingState }: Machine): number | undefined {
  if (job !== undefined) return job.layer === 0 ? undefined : job.progressRatio;
  return restingState === "complete" && lastJob !== undefined ? 1 : undefined;
}
