// The contract a surface fulfils: one outward protocol, written against the tables and the
// fleet. It never learns of a family.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { Router } from "express";
import type { CommandRow } from "../model/command-row.ts";
import { commandRow, type CommandName } from "../model/commands.ts";

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

/** Rows of the command table that a surface leaves out. */
export interface Omission {
  /** Why, and where it is to be had instead. */
  readonly reason: string;
  readonly applies: (row: CommandRow) => boolean;
}

/** Why the surface leaves the command out; undefined where it has it. */
export function omission(omits: readonly Omission[], command: CommandName): string | undefined {
  return omits.find(({ applies }) => applies(commandRow(command)))?.reason;
}
