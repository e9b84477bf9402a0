// The faults of the simulated Moonraker, by the names that POST /fault takes.

import type { TcpPort } from "../net/port.ts";
import type { Fault, ParameterRule } from "../simulator.ts";
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

export function faultTable(context: FaultContext): Readonly<Record<string, Fault>> {
  const { moonraker, sockets, port } = context;
  const { klippy, knobs } = moonraker;
  const switched = (name: "silent" | "deadPushes" | "keyRevoked", summary: string): Fault => ({
    summary,
    set: () => void (knobs[name] = true),
    clear: () => void (knobs[name] = false),
  });
  return {
    "drop-sockets": {
      summary: "cuts every WebSocket now",
      parameters: { how: { kind: "choice", values: ["close", "reset"], default: "close" } },
      set: ({ how }) => sockets.drop(how === "reset" ? "reset" : "close"),
    },
    "server-down": {
      summary: "the port is closed",
      set: async () => port.close("reset"),
      clear: async () => port.open(),
    },
    silence: switched("silent", "sockets stay open, nothing is answered or pushed"),
    "dead-pushes": switched("deadPushes", "no status updates are pushed"),
    "key-revoked": switched("keyRevoked", "the API key is no longer good"),
    "garbage-frame": { summary: "every client gets a frame that is no JSON", set: () => sockets.sendRaw('{"jsonrpc') },
    ...klippyFaults(moonraker),
    ...answerFaults(knobs),
    "upload-refused": {
      summary: "uploads get this HTTP status",
      parameters: { status: { kind: "choice", values: [403, 413, 422, 507], default: 403 } },
      set: ({ status }) => void (knobs.uploadStatus = Number(status)),
      clear: () => void (knobs.uploadStatus = 0),
    },
    "webcam-webrtc": {
      summary: "the webcam's stream is WebRTC; its snapshots are pictures",
      set: () => void (moonraker.webcamService = "webrtc-mediamtx"),
      clear: () => void (moonraker.webcamService = "mjpegstreamer"),
    },
    "filament-runout": {
      summary: "no filament at the sensor: a job pauses itself",
      set: () => void (klippy.body.filamentPresent = false),
      clear: () => void (klippy.body.filamentPresent = true),
    },
  };
}

function klippyFaults({ klippy }: Moonraker): Readonly<Record<string, Fault>> {
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

function answerFaults(knobs: Knobs): Readonly<Record<string, Fault>> {
  return {
    "lost-answer": {
      summary: "obeys the next such request, does not answer",
      parameters: { method },
      set: ({ method: name }) => void knobs.lost.add(String(name)),
    },
    "delayed-answer": {
      summary: "obeys, answers late",
      parameters: { method, milliseconds: { kind: "number", minimum: 1, maximum: 600_000, default: 3000 } },
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
