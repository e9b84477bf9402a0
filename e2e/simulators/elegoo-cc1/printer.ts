// One simulated printer as its parts see it: the body, its storage and history, who it is, and how
// it misbehaves. Holds no sockets.

import { createHash } from "node:crypto";
import type { Journal } from "../admin/journal.ts";
import type { FrameSource } from "../picture/frame-source.ts";
import { FileSystem } from "./files.ts";
import { History } from "./history.ts";
import { defaultKnobs, type Knobs } from "./knobs.ts";
import { Machine } from "./machine.ts";
import type { Profile } from "./profiles.ts";

interface Counters {
  sockets: { open: number; peak: number; total: number; refused: number };
  /** Frames received by command number. */
  framesByCommand: Record<string, number>;
  pings: number;
  unknownFrames: number;
  crashes: number;
  discoveries: number;
  uploads: { chunks: number; finished: number; failed: number };
  camera: { current: number; peak: number; total: number; starved: number };
}

export interface Printer {
  readonly host: string;
  readonly profile: Profile;
  readonly machine: Machine;
  readonly files: FileSystem;
  readonly history: History;
  readonly knobs: Knobs;
  readonly journal: Journal;
  readonly counters: Counters;
  /** 32 hex digits; known once the ports are. */
  mainboardId: string;
  /** Known once the camera listens. */
  cameraPort: number;
  readonly camera: FrameSource;
  name: string;
}

export interface PrinterOptions extends Pick<Printer, "host" | "profile" | "journal" | "name"> {
  readonly lookThrough: (machine: Machine) => FrameSource;
}

export function createPrinter(options: PrinterOptions): Printer {
  const history = new History();
  const { host, profile, journal, name } = options;
  const machine = new Machine({ history, profile });
  return {
    host,
    profile,
    journal,
    name,
    mainboardId: "",
    machine,
    history,
    files: new FileSystem(),
    knobs: defaultKnobs(),
    counters: {
      sockets: { open: 0, peak: 0, total: 0, refused: 0 },
      framesByCommand: {},
      pings: 0,
      unknownFrames: 0,
      crashes: 0,
      discoveries: 0,
      uploads: { chunks: 0, finished: 0, failed: 0 },
      camera: { current: 0, peak: 0, total: 0, starved: 0 },
    },
    cameraPort: 0,
    camera: options.lookThrough(machine),
  };
}

/** A stable id for the printer at an address, so that the same one comes back after a restart. */
export function mainboardIdFor(host: string, port: number): string {
  return createHash("md5").update(`${host} ${port}`).digest("hex");
}

/** Locally administered, so that it is nobody's. */
export function macOf({ mainboardId }: Printer): string {
  const pairs = mainboardId.slice(0, 10).match(/../g) ?? [];
  return ["02", ...pairs].join(":");
}
