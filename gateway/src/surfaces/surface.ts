// The contract a surface fulfils: one outward protocol, written against the tables and the
// fleet. It never learns of a family.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { Router } from "express";

export interface SurfaceOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Version of the product, as in package.json. */
  readonly version: string;
}

/**
 * A surface that speaks HTTP on the gateway's port, as its folder's `start…(fleet, options)` gives
 * it. Dispose ends its open streams.
 */
export interface HttpSurface extends AsyncDisposable {
  readonly router: Router;
}
