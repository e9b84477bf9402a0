// The faults of the camera daemon that both Centauri Carbons have.

import { knobFaults, number } from "../admin/fault-kinds.ts";
import type { BarrablePort } from "../net/port.ts";
import type { Fault, Faults } from "../simulator.ts";
import type { CameraKnobs } from "./camera.ts";

export interface CameraTargets {
  readonly camera: { drop(): void; freeLeaked(): void };
  readonly cameraPort: BarrablePort;
  readonly knobs: CameraKnobs;
}

export function cameraFaults({ camera, cameraPort, knobs }: CameraTargets): Faults {
  const { at, asked } = knobFaults(knobs);
  return {
    "camera-stall": at("cameraStalled", true, "streams stay open and bring no frame"),
    "camera-drop": { summary: "ends the streams that run", set: () => camera.drop() },
    "camera-refuse": {
      summary: "the camera's port is closed",
      set: async () => cameraPort.bar(true),
      clear: async () => cameraPort.bar(false),
    },
    "camera-leak": leak(camera, knobs),
    "camera-viewers": asked("cameraViewers", ({ count }) => Number(count), {
      summary: "so many viewers get frames",
      parameters: { count: number(0, 100) },
    }),
  };
}

function leak(camera: CameraTargets["camera"], knobs: CameraKnobs): Fault {
  return {
    summary: "a viewer that leaves holds its slot this long",
    parameters: { milliseconds: number(1, 3_600_000, 60_000) },
    set: ({ milliseconds }) => {
      knobs.cameraLeakMs = Number(milliseconds);
    },
    clear: () => {
      knobs.cameraLeakMs = 0;
      camera.freeLeaked();
    },
  };
}
