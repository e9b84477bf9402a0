// The faults of the simulated Centauri Carbon, by the names that POST /fault takes. Each turns knobs
// or does its deed at once; what follows from a knob is in the part that reads it.

import { AdminInputError } from "../admin/parameters.ts";
import type { Fault, ParameterRule, Parameters } from "../simulator.ts";
import type { CameraServer } from "./camera.ts";
import { type AnswerRule, defaultKnobs, type Knobs } from "./knobs.ts";
import type { Printer } from "./printer.ts";
import type { SdcpServer } from "./sdcp-server.ts";

export interface FaultTargets {
  readonly printer: Printer;
  readonly sdcp: SdcpServer;
  readonly camera: CameraServer;
  readonly crash: () => void;
  /** Opens or closes the camera's port. */
  readonly listenCamera: (listen: boolean) => Promise<void>;
}

const command: ParameterRule = { kind: "number", minimum: 0, maximum: 65_535, optional: true };
const times = (byDefault: number): ParameterRule => ({
  kind: "number",
  minimum: 1,
  maximum: 1_000_000,
  default: byDefault,
});
const forEver = 1_000_000;

/** Slots the firmware has; `slots-full` can take them all. */
const slots = 5;

export function faultTable(targets: FaultTargets): Readonly<Record<string, Fault>> {
  return { ...webSocketFaults(targets), ...answerFaults(targets), ...machineFaults(targets), ...cameraFaults(targets) };
}

function webSocketFaults({ printer, sdcp, crash }: FaultTargets): Readonly<Record<string, Fault>> {
  const knob = knobFault(printer.knobs);
  return {
    "drop-sockets": {
      summary: "cuts every WebSocket now",
      parameters: { how: { kind: "choice", values: ["fin", "reset", "close"], default: "fin" } },
      set: ({ how }) => sdcp.drop(how as "fin" | "reset" | "close"),
    },
    crash: { summary: "the daemon dies: RST, ports closed, job lost; POST /power-cycle revives it", set: crash },
    "slots-full": {
      summary: "others hold the WebSocket slots; `free` are left",
      parameters: { free: { kind: "number", minimum: 0, maximum: slots, default: 0 } },
      set: ({ free }) => {
        printer.knobs.foreignSockets = slots - Number(free);
      },
      clear: () => {
        printer.knobs.foreignSockets = 0;
      },
    },
    silence: knob("silence", true, "sockets stay open, nothing is answered or pushed"),
    "dead-pushes": knob("deadPushes", true, "status comes only as the answer to command 0"),
    "length-prefix": knob("lengthPrefix", true, "frames begin with their length in decimal"),
    "two-objects": knob("twoObjects", true, "a second object follows in each frame"),
    "schema-b": knob("temperatures", "B", "temperatures as [target, actual]"),
    "curren-status": knob("currenStatus", true, "the key is spelt CurrenStatus"),
    "plain-status": knob("plainStatus", true, "CurrentStatus is a number, not a list"),
    "discovery-silent": knob("discoverySilent", true, "probes get no answer"),
    "idle-timeout": {
      summary: "a silent socket is closed after this long instead of 60 s; for sockets from now on",
      parameters: { milliseconds: { kind: "number", minimum: 50, maximum: 600_000 } },
      set: ({ milliseconds }) => {
        printer.knobs.idleTimeoutMs = Number(milliseconds);
      },
      clear: () => {
        printer.knobs.idleTimeoutMs = defaultKnobs().idleTimeoutMs;
      },
    },
    "garbage-frame": {
      summary: "every client gets one frame that is no whole JSON object",
      set: () => sdcp.sendRaw('{"Status":{"CurrentStatus":[1],"PrintInfo":{"Status":13,"Curr'),
    },
  };
}

function answerFaults({ printer: { knobs } }: FaultTargets): Readonly<Record<string, Fault>> {
  return {
    "lost-answer": {
      summary: "the command is obeyed and not answered",
      parameters: { command, times: times(1) },
      set: (parameters) => {
        knobs.lostAnswer = answerRule(parameters);
      },
      clear: () => {
        knobs.lostAnswer = undefined;
      },
    },
    "delayed-answer": {
      summary: "the command is obeyed and answered late",
      parameters: {
        command,
        times: times(forEver),
        milliseconds: { kind: "number", minimum: 1, maximum: 600_000, default: 3000 },
      },
      set: (parameters) => {
        knobs.delayedAnswer = { ...answerRule(parameters), milliseconds: Number(parameters["milliseconds"]) };
      },
      clear: () => {
        knobs.delayedAnswer = undefined;
      },
    },
    "refuse-command": {
      summary: "the command is answered with this Ack and not obeyed",
      parameters: { command, times: times(forEver), ack: { kind: "number", minimum: 1, maximum: 255, default: 1 } },
      set: (parameters) => {
        knobs.refusedCommand = { ...answerRule(parameters), ack: Number(parameters["ack"]) };
      },
      clear: () => {
        knobs.refusedCommand = undefined;
      },
    },
  };
}

function machineFaults({ printer }: FaultTargets): Readonly<Record<string, Fault>> {
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
      parameters: { reason: { kind: "number", minimum: 1, maximum: 255, default: 19 } },
      set: ({ reason }) => {
        if (!machine.fail(Number(reason))) throw new AdminInputError("there is no job that could fail");
      },
    },
    "storage-full": knobFault(printer.knobs)("storageFull", true, "upload chunks are refused with message -3"),
  };
}

function cameraFaults({ printer, camera, listenCamera }: FaultTargets): Readonly<Record<string, Fault>> {
  const { knobs } = printer;
  const knob = knobFault(knobs);
  return {
    "camera-stall": knob("cameraStalled", true, "streams stay open and bring no frame"),
    "camera-drop": { summary: "ends the streams that run", set: () => camera.drop() },
    "camera-refuse": {
      summary: "the camera's port is closed",
      set: async () => listenCamera(false),
      clear: async () => listenCamera(true),
    },
    "camera-disabled": knob("cameraEnabled", false, "no frames until command 386 with Enable 1"),
    "camera-unplugged": knob("cameraPlugged", false, "386 gets Ack 2, /video gets 404"),
    "camera-leak": {
      summary: "a viewer that leaves holds its slot this long",
      parameters: { milliseconds: { kind: "number", minimum: 1, maximum: 3_600_000, default: 60_000 } },
      set: ({ milliseconds }) => {
        knobs.cameraLeakMs = Number(milliseconds);
      },
      clear: () => {
        knobs.cameraLeakMs = 0;
        camera.freeLeaked();
      },
    },
    "camera-viewers": {
      summary: "so many viewers get frames",
      parameters: { count: { kind: "number", minimum: 0, maximum: 100 } },
      set: ({ count }) => {
        knobs.cameraViewers = Number(count);
      },
      clear: () => {
        knobs.cameraViewers = defaultKnobs().cameraViewers;
      },
    },
  };
}

/** A fault that is one knob at one value, and at its usual value when cleared. */
function knobFault(knobs: Knobs) {
  return <Name extends keyof Knobs>(name: Name, value: Knobs[Name], summary: string): Fault => ({
    summary,
    set: () => {
      knobs[name] = value;
    },
    clear: () => {
      knobs[name] = defaultKnobs()[name];
    },
  });
}

function answerRule(parameters: Parameters): AnswerRule {
  const { command, times } = parameters;
  return { command: typeof command === "number" ? command : undefined, timesLeft: Number(times) };
}
