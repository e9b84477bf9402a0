// The faults of the simulated PrusaLink, by the names that POST /fault takes.

import { knobFaults, portDown } from "../admin/fault-kinds.ts";
import type { TcpPort } from "../net/port.ts";
import type { Faults } from "../simulator.ts";
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

export function faultTable({ gate, printer, storage, knobs, port }: FaultContext): Faults {
  const { at, asked } = knobFaults(knobs);
  return {
    "server-down": portDown(port, "reset"),
    silence: at("silent", true, "requests are taken and not answered"),
    starting: at("starting", true, "every answer is 503, as while it starts"),
    "stale-nonce": { summary: "the nonces that clients hold have grown old", set: () => gate.age() },
    "credential-revoked": knobFaults(gate).at("closed", true, "key and password are no longer good"),
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
    "upload-refused": asked("uploadStatus", ({ status }) => Number(status), {
      summary: "uploads get this HTTP status",
      parameters: { status: { kind: "choice", values: [400, 409, 413, 415, 507], default: 507 } },
    }),
    "storage-full": knobFaults(storage).at("freeBytes", 1000, "a thousand bytes are free"),
  };
}
