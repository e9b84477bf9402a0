// The faults of the simulated Centauri Carbon, by the names that POST /fault takes. Each turns knobs
// or does its deed at once; what follows from a knob is in the part that reads it.

import { dropFault, forEver, knobFaults, number, times } from "../admin/fault-kinds.ts";
import { AdminInputError } from "../admin/parameters.ts";
import { type AnswerRule, answerRule } from "../elegoo/answer-rules.ts";
import { cameraFaults } from "../elegoo/camera-faults.ts";
import type { BarrablePort } from "../net/port.ts";
import type { Faults, ParameterRule, Parameters } from "../simulator.ts";
import type { CameraServer } from "./camera.ts";
import type { Printer } from "./printer.ts";
import type { SdcpServer } from "./sdcp-server.ts";

export interface FaultTargets {
  readonly printer: Printer;
  readonly sdcp: SdcpServer;
  readonly camera: CameraServer;
  readonly cameraPort: BarrablePort;
  readonly crash: () => void;
}

const command: ParameterRule = { kind: "number", minimum: 0, maximum: 65_535, optional: true };
/** Slots the firmware has; `slots-full` can take them all. */
const slots = 5;

export function faultTable(targets: FaultTargets): Faults {
  const { camera, cameraPort, printer } = targets;
  return {
    ...webSocketFaults(targets),
    ...answerFaults(targets),
    ...machineFaults(targets),
    ...cameraFaults({ camera, cameraPort, knobs: printer.knobs }),
    ...ownCameraFaults(targets),
  };
}

function webSocketFaults({ printer, sdcp, crash }: FaultTargets): Faults {
  const { at, asked } = knobFaults(printer.knobs);
  return {
    "drop-sockets": dropFault("cuts every WebSocket now", ["fin", "reset", "close"], (how) => sdcp.drop(how)),
    crash: { summary: "the daemon dies: RST, ports closed, job lost; POST /power-cycle revives it", set: crash },
    "slots-full": asked("foreignSockets", ({ free }) => slots - Number(free), {
      summary: "others hold the WebSocket slots; `free` are left",
      parameters: { free: number(0, slots, 0) },
    }),
    silence: at("silence", true, "sockets stay open, nothing is answered or pushed"),
    "dead-pushes": at("deadPushes", true, "status comes only as the answer to command 0"),
    "length-prefix": at("lengthPrefix", true, "frames begin with their length in decimal"),
    "two-objects": at("twoObjects", true, "a second object follows in each frame"),
    "schema-b": at("temperatures", "B", "temperatures as [target, actual]"),
    "curren-status": at("currenStatus", true, "the key is spelt CurrenStatus"),
    "plain-status": at("plainStatus", true, "CurrentStatus is a number, not a list"),
    "discovery-silent": at("discoverySilent", true, "probes get no answer"),
    "idle-timeout": asked("idleTimeoutMs", ({ milliseconds }) => Number(milliseconds), {
      summary: "a silent socket is closed after this long instead of 60 s; for sockets from now on",
      parameters: { milliseconds: number(50, 600_000) },
    }),
    "garbage-frame": {
      summary: "every client gets one frame that is no whole JSON object",
      set: () => sdcp.sendRaw('{"Status":{"CurrentStatus":[1],"PrintInfo":{"Status":13,"Curr'),
    },
  };
}

function answerFaults({ printer: { knobs } }: FaultTargets): Faults {
  const { asked } = knobFaults(knobs);
  return {
    "lost-answer": asked("lostAnswer", ruleOf, {
      summary: "the command is obeyed and not answered",
      parameters: { command, times: times(1) },
    }),
    "delayed-answer": asked(
      "delayedAnswer",
      (given) => ({ ...ruleOf(given), milliseconds: Number(given["milliseconds"]) }),
      {
        summary: "the command is obeyed and answered late",
        parameters: { command, times: times(forEver), milliseconds: number(1, 600_000, 3000) },
      },
    ),
    "refuse-command": asked("refusedCommand", (given) => ({ ...ruleOf(given), ack: Number(given["ack"]) }), {
      summary: "the command is answered with this Ack and not obeyed",
      parameters: { command, times: times(forEver), ack: number(1, 255, 1) },
    }),
  };
}

function machineFaults({ printer }: FaultTargets): Faults {
  const { machine } = printer;
  return {
    "filament-runout": {
      summary: "the filament ends: a job pauses itself, and resume gets Ack 2 until this is cleared",
      set: () => {
        machine.filamentPresent = false;
      },
      clear: () => {
        machine.filamentPresent = true;
      },
    },
    "foreign-object": {
      summary: "the next start looks for an object on the plate, and fails when it finds one",
      parameters: { found: { kind: "boolean", default: true } },
      set: ({ found }) => {
        machine.objectCheck = found === true ? "finds" : "clears";
      },
      clear: () => {
        machine.objectCheck = "none";
      },
    },
    "print-error": {
      summary: "the running job fails now with this ErrorStatusReason",
      parameters: { reason: number(1, 255, 19) },
      set: ({ reason }) => {
        if (!machine.fail(Number(reason))) throw new AdminInputError("there is no job that could fail");
      },
    },
    "storage-full": knobFaults(printer.knobs).at("storageFull", true, "upload chunks are refused with message -3"),
  };
}

function ownCameraFaults({ printer }: FaultTargets): Faults {
  const { at } = knobFaults(printer.knobs);
  return {
    "camera-disabled": at("cameraEnabled", false, "no frames until command 386 with Enable 1"),
    "camera-unplugged": at("cameraPlugged", false, "386 gets Ack 2, /video gets 404"),
  };
}

function ruleOf(parameters: Parameters): AnswerRule {
  return answerRule(parameters["command"], parameters["times"]);
}
