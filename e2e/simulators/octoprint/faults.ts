// The faults of the simulated OctoPrint, by the names that POST /fault takes.

import { dropFault, knobFaults, number, portDown } from "../admin/fault-kinds.ts";
import type { TcpPort } from "../net/port.ts";
import type { Faults } from "../simulator.ts";
import type { Webcam } from "../mjpeg-camera/webcam.ts";
import type { Knobs, OctoPrint } from "./octoprint.ts";
import type { PushServer } from "./push.ts";

export interface FaultContext {
  readonly octoprint: OctoPrint;
  readonly push: PushServer;
  readonly port: TcpPort;
  readonly webcam: Webcam;
}

/** What firmwares say before they stop. */
const errors: Readonly<Record<string, string>> = {
  "thermal-runaway": "Thermal Runaway, system stopped! Heater_ID: bed - Printer halted. kill() called!",
  "heating-failed": "Heating failed, system stopped! Heater_ID: 0 - Printer halted. kill() called!",
  mintemp: "MINTEMP triggered, system stopped! Heater_ID: 0 - Printer halted. kill() called!",
};

type Switch = { [Name in keyof Knobs]: Knobs[Name] extends boolean ? Name : never }[keyof Knobs];

const switches: Readonly<Record<string, readonly [Switch, string]>> = {
  "key-revoked": ["keyRevoked", "the API key is no longer good: 403"],
  "few-rights": ["fewRights", "the key's user may not read settings, profiles and system commands"],
  silence: ["silent", "requests and new sockets get no answer"],
  "lost-answers": ["answersLost", "commands are obeyed, and never answered"],
  "login-limit": ["loginsLimited", "logins get 429"],
  "push-refused": ["pushRefused", "the push socket is 404, as behind some proxies"],
  "push-silent": ["pushSilent", "push sockets stay open and say nothing"],
};

export function faultTable({ octoprint, push, port, webcam }: FaultContext): Faults {
  const { knobs, machine, files } = octoprint;
  const { at, asked } = knobFaults(knobs);
  const switched = Object.entries(switches).map(([name, [knob, summary]]) => [name, at(knob, true, summary)] as const);
  return {
    ...Object.fromEntries(switched),
    ...serverFaults({ octoprint, push, port, webcam }),
    "machine-lost": { summary: "the line to the machine is closed", set: () => machine.disconnect() },
    "machine-error": {
      summary: "the firmware stops with an error, and OctoPrint closes the line",
      parameters: { error: { kind: "choice", values: Object.keys(errors), default: "thermal-runaway" } },
      set: ({ error }) => machine.disconnect(errors[String(error)], `firmware-${String(error)}`),
    },
    "storage-full": knobFaults(files).at("full", true, "there is no room for a file"),
    "camera-stall": knobFaults(webcam).at("stalled", true, "streams stay open and no picture comes"),
    webcam: asked("webcam", ({ has }) => has as Knobs["webcam"], {
      summary: "what the settings name: snapshots alone, a WebRTC stream, or nothing",
      parameters: { has: { kind: "choice", values: ["snapshot", "webrtc", "none"] } },
    }),
  };
}

function serverFaults({ octoprint: { knobs }, push, port }: FaultContext): Faults {
  const { asked } = knobFaults(knobs);
  return {
    "drop-sockets": dropFault("cuts every push socket now", ["close", "reset"], (how) => push.drop(how)),
    "server-down": portDown(port, "reset"),
    "delayed-answers": asked("answerDelayMs", ({ milliseconds }) => Number(milliseconds), {
      summary: "every answer comes late",
      parameters: { milliseconds: number(1, 60_000, 3000) },
    }),
    proxy: asked("proxyStatus", ({ status }) => Number(status), {
      summary: "a proxy answers in OctoPrint's place",
      parameters: { status: { kind: "choice", values: [401, 413, 502, 503], default: 502 } },
    }),
    "stale-login": { summary: "push sockets must log in anew", set: () => push.forget() },
    "garbage-frame": { summary: "every push socket gets a frame that is no JSON", set: () => push.sendRaw('{"curr') },
  };
}
