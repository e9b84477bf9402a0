// One simulated printer as its parts see it: the body, its storage and history, who it is, and how
// it misbehaves. Holds no sockets.

import { digestOf, macFrom, newCounters, type SharedCounters, type SharedParts } from "../elegoo/printer.ts";
import type { FrameSource } from "../picture/frame-source.ts";
import { Canvas } from "./canvas.ts";
import { FileSystem } from "./files.ts";
import { History } from "./history.ts";
import { defaultKnobs, type Knobs } from "./knobs.ts";
import { Machine } from "./machine.ts";
import type { Profile } from "./profiles.ts";

interface Counters extends SharedCounters {
  mqtt: { open: number; peak: number; total: number; refused: number; cleanLeaves: number; lost: number };
  registrations: { current: number; peak: number; accepted: number; refused: number; expired: number };
  /** Requests received by method number. */
  requestsByMethod: Record<string, number>;
  /** By client id. */
  smallestSpacingMs: Record<string, number>;
  /** Most requests of one client that waited for their answers at the same time. */
  requestsInFlightPeak: number;
  unregisteredRequests: number;
  malformedMessages: number;
  mutedRequests: number;
  pushes: number;
}

export interface Printer extends SharedParts {
  readonly profile: Profile;
  readonly machine: Machine;
  readonly files: FileSystem;
  readonly history: History;
  readonly knobs: Knobs;
  readonly counters: Counters;
  /** Known once the ports are. */
  serial: string;
  /** Empty: none was set, and the default counts. */
  accessCode: string;
  usbStick: boolean;
  /** Called after a change of name. */
  attributesChanged: () => void;
}

export interface PrinterOptions extends Pick<Printer, "host" | "profile" | "journal" | "name" | "accessCode"> {
  readonly canvas: boolean;
  readonly lookThrough: (machine: Machine) => FrameSource;
}

const defaultAccessCode = "123456";

export function createPrinter({ canvas, lookThrough, ...identity }: PrinterOptions): Printer {
  const history = new History();
  const machine = new Machine({ history, profile: identity.profile, canvas: canvas ? new Canvas() : undefined });
  return {
    ...identity,
    serial: "",
    machine,
    history,
    files: new FileSystem(),
    knobs: defaultKnobs(),
    counters: {
      ...newCounters(),
      mqtt: { open: 0, peak: 0, total: 0, refused: 0, cleanLeaves: 0, lost: 0 },
      registrations: { current: 0, peak: 0, accepted: 0, refused: 0, expired: 0 },
      requestsByMethod: {},
      smallestSpacingMs: {},
      requestsInFlightPeak: 0,
      unregisteredRequests: 0,
      malformedMessages: 0,
      mutedRequests: 0,
      pushes: 0,
    },
    cameraPort: 0,
    camera: lookThrough(machine),
    usbStick: false,
    attributesChanged: () => {},
  };
}

/** What a client must know to get in. */
export function passwordOf({ accessCode }: Printer): string {
  return accessCode === "" ? defaultAccessCode : accessCode;
}

/** A stable serial for the printer at an address, so that the same one comes back after a restart. */
export function serialFor(host: string, port: number): string {
  const digits = BigInt(`0x${digestOf(`${host} ${port}`).slice(0, 14)}`) % 10_000_000_000n;
  return `CC2X4Y${digits.toString().padStart(10, "0")}`;
}

export function macOf({ serial }: Printer): string {
  return macFrom(digestOf(serial));
}
