// The faults of the simulated Centauri Carbon 2, by the names that POST /fault takes. Each turns knobs
// or does its deed at once; what follows from a knob is in the part that reads it.

import { AdminInputError } from "../admin/parameters.ts";
import type { Fault, ParameterRule, Parameters } from "../simulator.ts";
import type { Broker } from "./broker.ts";
import type { CameraServer } from "./camera.ts";
import type { Clients } from "./clients.ts";
import { type AnswerRule, defaultKnobs, type Knobs } from "./knobs.ts";
import type { Printer } from "./printer.ts";
import type { Pushes } from "./pushes.ts";

export interface FaultTargets {
  readonly printer: Printer;
  readonly broker: Broker;
  readonly clients: Clients;
  readonly pushes: Pushes;
  readonly camera: CameraServer;
  readonly crash: () => Promise<void>;
  readonly powerCut: (goOn: boolean) => Promise<void>;
  readonly powerReturns: () => Promise<void>;
  readonly lanOnly: (on: boolean) => Promise<void>;
  /** Opens or closes the camera's port. */
  readonly listenCamera: (listen: boolean) => Promise<void>;
}

type Faults = Readonly<Record<string, Fault>>;

const method: ParameterRule = { kind: "number", minimum: 0, maximum: 65_535, optional: true };
const number = (minimum: number, maximum: number, byDefault?: number): ParameterRule => ({
  kind: "number",
  minimum,
  maximum,
  ...(byDefault !== undefined && { default: byDefault }),
});
const forEver = 1_000_000;
const times = (byDefault: number): ParameterRule => number(1, forEver, byDefault);

/** The code somebody has chosen on the printer's screen. */
const anotherAccessCode = "860213";

export function faultTable(targets: FaultTargets): Faults {
  return {
    ...connectionFaults(targets),
    ...registrationFaults(targets),
    ...pushFaults(targets),
    ...answerFaults(targets),
    ...shapeFaults(targets),
    ...machineFaults(targets),
    ...cameraFaults(targets),
  };
}

function connectionFaults({ printer, broker, crash, lanOnly }: FaultTargets): Faults {
  const { knobs } = printer;
  const knob = knobFault(knobs);
  const { accessCode } = printer;
  return {
    "cloud-mode": {
      summary: "LAN Only is off: port 80 closed, MQTT accepts and serves nothing, discovery says so",
      set: async () => lanOnly(false),
      clear: async () => lanOnly(true),
    },
    "access-code-changed": {
      summary: `somebody set the access code ${anotherAccessCode}; connections end and the old code is refused`,
      parameters: { connack: { kind: "choice", values: [4, 5], default: 5 } },
      set: async ({ connack }) => {
        printer.accessCode = anotherAccessCode;
        knobs.refusalCode = connack === 4 ? 4 : 5;
        await broker.drop("end");
      },
      clear: () => {
        printer.accessCode = accessCode;
        knobs.refusalCode = defaultKnobs().refusalCode;
      },
    },
    "drop-sockets": {
      summary: "cuts every MQTT connection now",
      parameters: { how: { kind: "choice", values: ["end", "reset"], default: "end" } },
      set: async ({ how }) => broker.drop(how === "reset" ? "reset" : "end"),
    },
    "broker-full": {
      summary: "new MQTT connections are refused: with CONNACK 3, or just closed",
      parameters: { how: { kind: "choice", values: ["refuse", "close"], default: "refuse" } },
      set: ({ how }) => {
        knobs.brokerFull = how === "close" ? "close" : "refuse";
      },
      clear: () => {
        knobs.brokerFull = undefined;
      },
    },
    crash: {
      summary: "the daemon dies: RST, ports closed, job lost; only /power-cycle or a scenario revives it",
      set: crash,
    },
    silence: knob("silence", true, "connections stay open, nothing is answered or pushed"),
    "discovery-silent": knob("discoverySilent", true, "discovery gets no answer"),
    "discovery-booleans": knob("discoveryBooleans", true, "token_status and lan_status are true and false"),
    "system-info-missing": knob("systemInfoMissing", true, "GET /system/info is 404"),
  };
}

function registrationFaults({ printer: { knobs }, clients }: FaultTargets): Faults {
  const knob = knobFault(knobs);
  const { slots } = knobs;
  return {
    "slots-full": {
      summary: "others hold the slots for clients; `free` are left",
      parameters: { free: number(0, slots, 0) },
      set: ({ free }) => {
        knobs.foreignClients = slots - Number(free);
      },
      clear: () => {
        knobs.foreignClients = 0;
      },
    },
    "registration-fails": knob("registrationError", "fail", "every registration is answered with fail"),
    "registration-forgotten": {
      summary: "nobody is registered any more, and nobody is told",
      set: () => clients.forget(),
    },
    "registration-expiry": {
      summary: "a registration dies after so long without a PING or request instead of 65 s",
      parameters: { milliseconds: number(50, 3_600_000) },
      set: ({ milliseconds }) => {
        knobs.registrationMs = Number(milliseconds);
      },
      clear: () => {
        knobs.registrationMs = defaultKnobs().registrationMs;
      },
    },
    "unregistered-error": knob("unregisteredError", true, "requests without registration get error 1000, not silence"),
    "rate-limit": knob("rateLimited", true, "three requests within 2 s start 5 s without answers, as on fw-0103"),
    pongless: knob("pongless", true, "PINGs are not answered"),
  };
}

function pushFaults({ printer: { knobs }, broker, pushes }: FaultTargets): Faults {
  return {
    "dead-pushes": knobFault(knobs)("deadPushes", true, "nothing is pushed; requests are answered"),
    "lost-push": {
      summary: "the next pushes are numbered and not sent",
      parameters: { times: times(1) },
      set: (parameters) => {
        knobs.lostPushes = Number(parameters["times"]);
      },
      clear: () => {
        knobs.lostPushes = 0;
      },
    },
    "duplicate-push": {
      summary: "the next pushes are sent twice",
      parameters: { times: times(1) },
      set: (parameters) => {
        knobs.duplicatePushes = Number(parameters["times"]);
      },
      clear: () => {
        knobs.duplicatePushes = 0;
      },
    },
    "push-gap": {
      summary: "so many numbers are left out",
      parameters: { by: number(1, 1000, 1) },
      set: ({ by }) => pushes.skip(Number(by)),
    },
    "push-restart": { summary: "the next push has number 0", set: () => pushes.restart() },
    "garbage-message": {
      summary: "every client gets one message that is no JSON",
      set: () => {
        for (const topic of pushes.topics()) broker.publish(topic, '{"id":7,"method":6000,"result":{"machine_sta', 0);
      },
    },
  };
}

function answerFaults({ printer: { knobs } }: FaultTargets): Faults {
  return {
    "lost-answer": {
      summary: "the method is obeyed and not answered",
      parameters: { method, times: times(1) },
      set: (parameters) => {
        knobs.lostAnswer = answerRule(parameters);
      },
      clear: () => {
        knobs.lostAnswer = undefined;
      },
    },
    "delayed-answer": {
      summary: "the method is obeyed and answered late",
      parameters: { method, times: times(forEver), milliseconds: number(1, 600_000, 3000) },
      set: (parameters) => {
        knobs.delayedAnswer = { ...answerRule(parameters), milliseconds: Number(parameters["milliseconds"]) };
      },
      clear: () => {
        knobs.delayedAnswer = undefined;
      },
    },
    "refuse-method": {
      summary: "the method is answered with this error_code and not obeyed",
      parameters: { method, times: times(forEver), code: number(1, 65_535, 1009) },
      set: (parameters) => {
        knobs.refusedMethod = { ...answerRule(parameters), code: Number(parameters["code"]) };
      },
      clear: () => {
        knobs.refusedMethod = undefined;
      },
    },
  };
}

function shapeFaults({ printer: { knobs } }: FaultTargets): Faults {
  const knob = knobFault(knobs);
  return {
    "pretty-json": knob("prettyJson", true, "messages come with spaces and new lines"),
    "gcode-move-inf": knob("gcodeMoveInf", true, "the position is gcode_move_inf, with e instead of extruder"),
    toolhead: knob("toolhead", true, "tool_head is spelt toolhead"),
    "total-layer-missing": knob("totalLayerMissing", true, "1002 does not name the number of layers"),
  };
}

function machineFaults({ printer, powerCut, powerReturns }: FaultTargets): Faults {
  const { machine, knobs } = printer;
  return {
    "filament-runout": {
      summary: "the filament ends: auto refill takes another tray, else the job pauses itself until this is cleared",
      set: () => machine.runOut(),
      clear: () => machine.reload(),
    },
    "print-error": {
      summary: "the running job ends in an emergency stop with this exception, until the power is switched",
      parameters: { exception: number(1, 65_535, 101) },
      set: ({ exception }) => {
        if (!machine.fail(Number(exception))) throw new AdminInputError("there is no job that could fail");
      },
    },
    "power-cut": {
      summary: "everything is dark until this is cleared; then a job goes on by itself, or is given up",
      parameters: { resumes: { kind: "boolean", default: true } },
      set: async ({ resumes }) => powerCut(resumes === true),
      clear: powerReturns,
    },
    occupied: {
      summary: "the machine does something else until this is cleared: self check, filament, firmware update",
      parameters: { status: number(0, 99, 13), code: number(0, 65_535, 1061) },
      set: ({ status, code }) => {
        machine.occupy([{ status: Number(status), code: Number(code), seconds: Infinity }]);
      },
      clear: () => machine.occupy([]),
    },
    "usb-stick": {
      summary: "a stick with one file is in the printer",
      set: () => {
        printer.usbStick = true;
      },
      clear: () => {
        printer.usbStick = false;
      },
    },
    "storage-full": knobFault(knobs)("storageFull", true, "upload chunks are refused with 9002"),
  };
}

function cameraFaults({ printer: { knobs }, camera, listenCamera }: FaultTargets): Faults {
  const knob = knobFault(knobs);
  return {
    "camera-stall": knob("cameraStalled", true, "streams stay open and bring no frame"),
    "camera-drop": { summary: "ends the streams that run", set: () => camera.drop() },
    "camera-refuse": {
      summary: "the camera's port is closed",
      set: async () => listenCamera(false),
      clear: async () => listenCamera(true),
    },
    "camera-disabled": knob("cameraEnabled", false, "no frames until method 1042"),
    "camera-unplugged": knob("cameraPlugged", false, "1042 gets error 1003, streams bring no frame"),
    "camera-boundary": knob("cameraBoundary", "--frame_boundary", "the boundary is named with its dashes"),
    "camera-leak": {
      summary: "a viewer that leaves holds its slot this long",
      parameters: { milliseconds: number(1, 3_600_000, 60_000) },
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
      parameters: { count: number(0, 100) },
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
  const { method: asked, times: count } = parameters;
  return { method: typeof asked === "number" ? asked : undefined, timesLeft: Number(count) };
}
