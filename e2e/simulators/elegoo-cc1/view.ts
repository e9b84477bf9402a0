// What the camera of the simulated Centauri Carbon sees, from the machine's state. The toolhead moves
// by the wall clock, so that it looks right however fast the machine's own time goes.

import { FrameSource } from "../picture/frame-source.ts";
import type { Scene } from "../picture/scene.ts";
import type { Machine } from "./machine.ts";

/** Width of the bed, mm. */
const bedMillimeters = 256;
const ambientCelsius = 40;
const printingCelsius = 220;

export function cameraOf(
  machine: Machine,
  sensor: { readonly width: number; readonly height: number; readonly framesPerSecond: number },
): FrameSource {
  return new FrameSource({ ...sensor, look: () => look(machine) });
}

function look(machine: Machine): Scene {
  const { job, nozzle } = machine;
  const grown = job === undefined ? finishedPart(machine) : job.layer === 0 ? undefined : job.progressRatio;
  const seconds = Date.now() / 1000;
  const printing = job?.stage === "printing";
  return {
    headX: printing ? 0.5 + 0.13 * Math.sin(seconds * 3.1) : machine.position.X / bedMillimeters,
    headY: printing ? 0.5 + 0.4 * Math.sin(seconds * 2.3) : Math.min(1, machine.position.Y / bedMillimeters),
    grown,
    bedDrop: grown === undefined ? restingBed(machine) : Math.min(1, grown * 0.95 + (printing ? 0 : 0.05)),
    lightOn: machine.lightOn,
    nozzleHeat: Math.max(0, Math.min(1, (nozzle.actualCelsius - ambientCelsius) / (printingCelsius - ambientCelsius))),
  };
}

/** A finished print stands on the bed until the next job. */
function finishedPart(machine: Machine): number | undefined {
  return machine.lastStatus === 9 ? 1 : undefined;
}

function restingBed(machine: Machine): number {
  return Math.min(1, machine.position.Z / bedMillimeters + 0.1);
}
