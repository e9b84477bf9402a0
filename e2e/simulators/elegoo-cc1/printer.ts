// One simulated printer as its parts see it: the body, its storage and history, who it is, and how
// it misbehaves. Holds no sockets.

import { digestOf, macFrom, newCounters, type SharedCounters, type SharedParts } from "../elegoo/printer.ts";
import type { FrameSource } from "../picture/frame-source.ts";
import { FileSystem } from "./files.ts";
import { History } from "./history.ts";
import { defaultKnobs, type Knobs } from "./knobs.ts";
import { Machine } from "./machine.ts";
import type { Profile } from "./profiles.ts";

interface Counters extends SharedCounters {
  sockets: { open: number; peak: number; total: number; refused: number };
  /** Frames received by command number. */
  framesByCommand: Record<string, number>;
  unknownFrames: number;
}

export interface Printer extends SharedParts {
  readonly profile: Profile;
  readonly machine: Machine;
  readonly files: FileSystem;
  readonly history: History;
  readonly knobs: Knobs;
  readonly counters: Counters;
  /** 32 hex digits; known once the ports are. */
  mainboardId: string;
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
      ...newCounters(),
      sockets: { open: 0, peak: 0, total: 0, refused: 0 },
      framesByCommand: {},
      unknownFrames: 0,
    },
    cameraPort: 0,
    camera: options.lookThrough(machine),
  };
}

/** A stable id for the printer at an address, so that the same one comes back after a restart. */
export function mainboardIdFor(host: string, port: number): string {
  return digestOf(`${host} ${port}`);
}

export function macOf({ mainboardId }: Printer): string {
  return macFrom(mainboardId);
}
