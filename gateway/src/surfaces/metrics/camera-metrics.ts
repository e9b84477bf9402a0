// Counters of the cameras, taken over from the hubs at the scrape: the hub counts, this shows.

import { Counter, Gauge, type Registry } from "prom-client";
import type { CameraStatistics } from "../../camera/hub.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { cameraOf } from "../printer-document.ts";

const counters = [
  ["frames", "Pictures taken from the printer's camera."],
  ["bytes", "Bytes taken from the printer's camera."],
  ["restarts", "Times the camera was opened again after it had failed."],
] as const satisfies readonly (readonly [keyof CameraStatistics, string])[];

export function registerCameraMetrics(fleet: Fleet, registry: Registry): void {
  for (const [fact, help] of counters) {
    const collect = function collect(this: Counter): void {
      this.reset();
      for (const [printer, statistics] of cameras(fleet)) this.inc({ printer }, statistics[fact]);
    };
    const name = `gantry_camera_${fact}_total`;
    registry.registerMetric(new Counter({ name, help, labelNames: ["printer"], registers: [], collect }));
  }
  const collect = function collect(this: Gauge): void {
    this.reset();
    for (const [printer, { viewers }] of cameras(fleet)) {
      for (const [kind, count] of Object.entries(viewers)) this.set({ printer, kind }, count);
    }
  };
  const viewers = { name: "gantry_camera_viewers", help: "Who looks through the printer's camera now." };
  registry.registerMetric(new Gauge({ ...viewers, labelNames: ["printer", "kind"], registers: [], collect }));
}

function* cameras(fleet: Fleet): Generator<[string, CameraStatistics]> {
  for (const { id } of fleet.list()) {
    const hub = cameraOf(fleet, id);
    if (hub !== undefined) yield [id, hub.statistics];
  }
}
