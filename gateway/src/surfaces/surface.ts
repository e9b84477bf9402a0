// The contract a surface fulfils: one outward protocol, written against the tables and the
// fleet. It never learns of a family.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { Router } from "express";
import type { Fleet } from "../fleet/fleet.ts";

export interface SurfaceOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Version of the product, as in package.json. */
  readonly version: string;
}

/** A surface that speaks HTTP on the gateway's port. Dispose ends its open streams. */
export interface HttpSurface extends AsyncDisposable {
  readonly router: Router;
}

export type StartHttpSurface<Surface extends HttpSurface = HttpSurface> = (
  fleet: Fleet,
  options: SurfaceOptions,
) => Surface;
