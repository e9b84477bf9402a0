// The faults of the simulated PrusaLink, by the names that POST /fault takes.

import type { TcpPort } from "../net/port.ts";
import type { Fault } from "../simulator.ts";
import type { Gate } from "./gate.ts";
import type { Printer } from "./printer.ts";
import type { Knobs } from "./routes.ts";
import type { Storage } from "./storage.ts";

export interface FaultContext {
  readonly gate: Gate;
  readonly printer: Printer;
  readonly storage: Storage;
  readonly knobs: Knobs;
  readonly port: TcpPort;
}

export function faultTable({ gate, printer, storage, knobs, port }: FaultContext): Readonly<Record<string, Fault>> {
  const switched = (name: "silent" | "starting", summary: string): Fault => ({
    summary,
    set: () => void (knobs[name] = true),
    clear: () => void (knobs[name] = false),
  });
  return {
    "server-down": {
      summary: "the port is closed",
      set: async () => port.close("reset"),
      clear: async () => port.open(),
    },
    silence: switched("silent", "requests are taken and not answered"),
    starting: switched("starting", "every answer is 503, as while it starts"),
    "stale-nonce": { summary: "the nonces that clients hold have grown old", set: () => gate.age() },
    "credential-revoked": {
      summary: "key and password are no longer good",
      set: () => void (gate.closed = true),
      clear: () => void (gate.closed = false),
    },
    "printer-error": {
      summary: "the printer stops with an error",
      set: () => printer.trouble("ERROR", "HOTEND THERMAL RUNAWAY"),
      clear: () => printer.repair(),
    },
    attention: {
      summary: "somebody must act at the printer",
      set: () => printer.trouble("ATTENTION", "Filament ran out"),
      clear: () => printer.repair(),
    },
    "upload-refused": {
      summary: "uploads get this HTTP status",
      parameters: { status: { kind: "choice", values: [400, 409, 413, 415, 507], default: 507 } },
      set: ({ status }) => void (knobs.uploadStatus = Number(status)),
      clear: () => void (knobs.uploadStatus = 0),
    },
    "storage-full": {
      summary: "a thousand bytes are free",
      set: () => void (storage.freeBytes = 1000),
      clear: () => void (storage.freeBytes = undefined),
    },
  };
}
