// What the printer's camera sees, from the machine's state. The toolhead moves by the wall clock, so
// that it looks right however fast the machine's own time goes.

import { FrameSource } from "../picture/frame-source.ts";
import type { Scene } from "../picture/scene.ts";
import type { Machine } from "./machine.ts";
import { progressOf } from "./progress.ts";

const sensor = { width: 1280, height: 720 } as const;
const darkCelsius = 40;
const glowingCelsius = 220;

export function cameraOf(machine: Machine, framesPerSecond: number): FrameSource {
  return new FrameSource({ ...sensor, framesPerSecond, look: () => look(machine) });
}

function look(machine: Machine): Scene {
  const { percent, layer } = progressOf(machine);
  const seconds = Date.now() / 1000;
  const printing = machine.job?.phase === "printing" && !machine.job.paused;
  return {
    headX: printing ? 0.5 + 0.13 * Math.sin(seconds * 3.1) : 0.06,
    headY: printing ? 0.5 + 0.4 * Math.sin(seconds * 2.3) : 0.95,
    grown: layer === 0 ? undefined : percent / 100,
    bedDrop: Math.min(1, (percent / 100) * 0.95 + (printing ? 0 : 0.05)),
    lightOn: machine.lights["chamber_light"] === "on",
    nozzleHeat: Math.max(0, Math.min(1, (machine.nozzle.actualCelsius - darkCelsius) / (glowingCelsius - darkCelsius))),
  };
}
