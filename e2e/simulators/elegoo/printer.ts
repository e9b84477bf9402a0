// What both simulated Centauri Carbons have and count, and how their addresses are made up. What each
// has of its own is in printer.ts of its folder.

import { createHash } from "node:crypto";
import type { Journal } from "../admin/journal.ts";
import type { FrameSource } from "../picture/frame-source.ts";

export interface SharedParts {
  readonly host: string;
  readonly journal: Journal;
  /** Known once the camera listens. */
  cameraPort: number;
  readonly camera: FrameSource;
  name: string;
}

export interface SharedCounters {
  pings: number;
  crashes: number;
  discoveries: number;
  uploads: { chunks: number; finished: number; failed: number };
  camera: { current: number; peak: number; total: number; starved: number };
}

export function newCounters(): SharedCounters {
  return {
    pings: 0,
    crashes: 0,
    discoveries: 0,
    uploads: { chunks: 0, finished: 0, failed: 0 },
    camera: { current: 0, peak: 0, total: 0, starved: 0 },
  };
}

/** Always the same for an address, so that the same printer comes back after a restart. 32 hex digits. */
export function digestOf(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** Locally administered, so that it is nobody's. */
export function macFrom(hexDigits: string): string {
  return ["02", ...(hexDigits.slice(0, 10).match(/../g) ?? [])].join(":");
}
