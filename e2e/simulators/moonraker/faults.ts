// The faults of the simulated Moonraker, by the names that POST /fault takes.

import { dropFault, knobFaults, number, portDown } from "../admin/fault-kinds.ts";
import type { TcpPort } from "../net/port.ts";
import type { Faults, ParameterRule } from "../simulator.ts";
import type { Knobs, Moonraker } from "./moonraker.ts";
import type { Sockets } from "./sockets.ts";

/** Methods that a client may be refused or kept waiting with. */
const method: ParameterRule = {
  kind: "choice",
  values: [
    "printer.print.start",
    "printer.print.pause",
    "printer.print.resume",
    "printer.print.cancel",
    "printer.gcode.script",
    "printer.emergency_stop",
    "server.info",
  ],
};

export interface FaultContext {
  readonly moonraker: Moonraker;
  readonly sockets: Sockets;
  readonly port: TcpPort;
}

export function faultTable(context: FaultContext): Faults {
  const { moonraker, sockets, port } = context;
  const { klippy, knobs } = moonraker;
  const { at, asked } = knobFaults(knobs);
  return {
    "drop-sockets": dropFault("cuts every WebSocket now", ["close", "reset"], (how) => sockets.drop(how)),
    "server-down": portDown(port, "reset"),
    silence: at("silent", true, "sockets stay open, nothing is answered or pushed"),
    "dead-pushes": at("deadPushes", true, "no status updates are pushed"),
    "key-revoked": at("keyRevoked", true, "the API key is no longer good"),
    "garbage-frame": { summary: "every client gets a frame that is no JSON", set: () => sockets.sendRaw('{"jsonrpc') },
    ...klippyFaults(moonraker),
    ...answerFaults(knobs),
    "upload-refused": asked("uploadStatus", ({ status }) => Number(status), {
      summary: "uploads get this HTTP status",
      parameters: { status: { kind: "choice", values: [403, 413, 422, 507], default: 403 } },
    }),
    "webcam-webrtc": knobFaults(moonraker).at(
      "webcamService",
      "webrtc-mediamtx",
      "the webcam's stream is WebRTC; its snapshots are pictures",
    ),
    "filament-runout": knobFaults(klippy.body).at(
      "filamentPresent",
      false,
      "no filament at the sensor: a job pauses itself",
    ),
  };
}

function klippyFaults({ klippy }: Moonraker): Faults {
  return {
    "klippy-disconnected": {
      summary: "Klipper's process is gone; cleared, it starts again",
      set: () => klippy.disconnect(),
      clear: () => klippy.restart(),
    },
    "klippy-shutdown": {
      summary: "Klipper lost its micro-controller; cleared, the firmware is restarted",
      set: () => klippy.shutdown("Lost communication with MCU 'mcu'"),
      clear: () => klippy.restart(),
    },
    "print-error": {
      summary: "the running job ends with an error",
      set: () => klippy.failJob("Extrude below minimum temp"),
    },
  };
}

function answerFaults(knobs: Knobs): Faults {
  return {
    "lost-answer": {
      summary: "obeys the next such request, does not answer",
      parameters: { method },
      set: ({ method: name }) => void knobs.lost.add(String(name)),
    },
    "delayed-answer": {
      summary: "obeys, answers late",
      parameters: { method, milliseconds: number(1, 600_000, 3000) },
      set: ({ method: name, milliseconds }) => void knobs.late.set(String(name), Number(milliseconds)),
      clear: () => knobs.late.clear(),
    },
    "refuse-method": {
      summary: "answers with an error of Klipper's, does not obey",
      parameters: { method },
      set: ({ method: name }) => void knobs.refused.set(String(name), "Refused by the simulator"),
      clear: () => knobs.refused.clear(),
    },
  };
}
