// What the webcam sees of the machine.

import type { Scene } from "../picture/scene.ts";
import { travel } from "./body.ts";
import type { Klippy } from "./klippy.ts";

export function sceneOf({ body }: Klippy): Scene {
  const { position } = body;
  return {
    headX: position.x / travel.x[1],
    headY: position.y / travel.y[1],
    grown: body.isOccupied ? body.progress : undefined,
    bedDrop: body.isOccupied ? body.progress : 0.3,
    lightOn: body.lightValue > 0,
    nozzleHeat: Math.min(1, (body.heaters["extruder"]?.actual ?? 0) / 220),
  };
}
