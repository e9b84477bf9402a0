// What the cameras of both Centauri Carbons see. The toolhead moves by the wall clock, so that it
// looks right however fast the machine's own time goes.

import { FrameSource, type FrameSourceOptions } from "../picture/frame-source.ts";
import type { Scene } from "../picture/scene.ts";

export interface Seen {
  /** Of the toolhead and the bed, mm. */
  readonly position: { readonly x: number; readonly y: number; readonly z: number };
  /** The head draws at this moment. */
  readonly printing: boolean;
  /** How much of the part stands on the bed, 0 to 1; undefined: nothing. */
  readonly grown: number | undefined;
  readonly lightOn: boolean;
  readonly nozzleCelsius: number;
}

/** Width of the bed, mm. */
const bedMillimeters = 256;
const darkCelsius = 40;
const glowingCelsius = 220;

/** A camera that shows what `see` tells. */
export function cameraOf(sensor: Omit<FrameSourceOptions, "look">, see: () => Seen): FrameSource {
  return new FrameSource({ ...sensor, look: () => sceneOf(see()) });
}

function sceneOf({ position, printing, grown, lightOn, nozzleCelsius }: Seen): Scene {
  const seconds = Date.now() / 1000;
  const bedDrop = grown === undefined ? position.z / bedMillimeters + 0.1 : grown * 0.95 + (printing ? 0 : 0.05);
  return {
    headX: printing ? 0.5 + 0.13 * Math.sin(seconds * 3.1) : position.x / bedMillimeters,
    headY: printing ? 0.5 + 0.4 * Math.sin(seconds * 2.3) : Math.min(1, position.y / bedMillimeters),
    grown,
    bedDrop: Math.min(1, bedDrop),
    lightOn,
    nozzleHeat: Math.max(0, Math.min(1, (nozzleCelsius - darkCelsius) / (glowingCelsius - darkCelsius))),
  };
}
