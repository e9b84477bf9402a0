// The faults of the simulated Centauri Carbon 2, by the names that POST /fault takes. Each turns knobs
// or does its deed at once; what follows from a knob is in the part that reads it.

import { dropFault, forEver, knobFaults, number, times } from "../admin/fault-kinds.ts";
import { AdminInputError } from "../admin/parameters.ts";
import { type AnswerRule, answerRule } from "../elegoo/answer-rules.ts";
import { cameraFaults } from "../elegoo/camera-faults.ts";
import type { BarrablePort } from "../net/port.ts";
import type { Faults, ParameterRule, Parameters } from "../simulator.ts";
import type { Broker } from "./broker.ts";
import type { CameraServer } from "./camera.ts";
import type { Clients } from "./clients.ts";
import type { Printer } from "./printer.ts";
import type { Pushes } from "./pushes.ts";

export interface FaultTargets {
  readonly printer: Printer;
  readonly broker: Broker;
  readonly clients: Clients;
  readonly pushes: Pushes;
  readonly camera: CameraServer;
  readonly cameraPort: BarrablePort;
  readonly crash: () => Promise<void>;
  readonly powerCut: (goOn: boolean) => Promise<void>;
  readonly powerReturns: () => Promise<void>;
  readonly lanOnly: (on: boolean) => Promise<void>;
}

const method: ParameterRule = { kind: "number", minimum: 0, maximum: 65_535, optional: true };
/** The code somebody has chosen on the printer's screen. */
const anotherAccessCode = "860213";

export function faultTable(targets: FaultTargets): Faults {
  const { camera, cameraPort, printer } = targets;
  return {
    ...connectionFaults(targets),
    ...registrationFaults(targets),
    ...pushFaults(targets),
    ...answerFaults(targets),
    ...shapeFaults(targets),
    ...machineFaults(targets),
    ...cameraFaults({ camera, cameraPort, knobs: printer.knobs }),
    ...ownCameraFaults(targets),
  };
}

function connectionFaults({ printer, broker, crash, lanOnly }: FaultTargets): Faults {
  const { accessCode, knobs } = printer;
  const { refusalCode } = knobs;
  const { at, asked } = knobFaults(knobs);
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
        knobs.refusalCode = refusalCode;
      },
    },
    "drop-sockets": dropFault("cuts every MQTT connection now", ["end", "reset"], async (how) => broker.drop(how)),
    "broker-full": asked("brokerFull", ({ how }) => (how === "close" ? "close" : "refuse"), {
      summary: "new MQTT connections are refused: with CONNACK 3, or just closed",
      parameters: { how: { kind: "choice", values: ["refuse", "close"], default: "refuse" } },
    }),
    crash: {
      summary: "the daemon dies: RST, ports closed, job lost; only /power-cycle or a scenario revives it",
      set: crash,
    },
    silence: at("silence", true, "connections stay open, nothing is answered or pushed"),
    "discovery-silent": at("discoverySilent", true, "discovery gets no answer"),
    "discovery-booleans": at("discoveryBooleans", true, "token_status and lan_status are true and false"),
    "system-info-missing": at("systemInfoMissing", true, "GET /system/info is 404"),
  };
}

function registrationFaults({ printer: { knobs }, clients }: FaultTargets): Faults {
  const { at, asked } = knobFaults(knobs);
  const { slots } = knobs;
  return {
    "slots-full": asked("foreignClients", ({ free }) => slots - Number(free), {
      summary: "others hold the slots for clients; `free` are left",
      parameters: { free: number(0, slots, 0) },
    }),
    "registration-fails": at("registrationError", "fail", "every registration is answered with fail"),
    "registration-forgotten": {
      summary: "nobody is registered any more, and nobody is told",
      set: () => clients.forget(),
    },
    "registration-expiry": asked("registrationMs", ({ milliseconds }) => Number(milliseconds), {
      summary: "a registration dies after so long without a PING or request instead of 65 s",
      parameters: { milliseconds: number(50, 3_600_000) },
    }),
    "unregistered-error": at("unregisteredError", true, "requests without registration get error 1000, not silence"),
    "rate-limit": at("rateLimited", true, "three requests within 2 s start 5 s without answers, as on fw-0103"),
    pongless: at("pongless", true, "PINGs are not answered"),
  };
}

function pushFaults({ printer: { knobs }, broker, pushes }: FaultTargets): Faults {
  const { at, asked } = knobFaults(knobs);
  return {
    "dead-pushes": at("deadPushes", true, "nothing is pushed; requests are answered"),
    "lost-push": asked("lostPushes", (given) => Number(given["times"]), {
      summary: "the next pushes are numbered and not sent",
      parameters: { times: times(1) },
    }),
    "duplicate-push": asked("duplicatePushes", (given) => Number(given["times"]), {
      summary: "the next pushes are sent twice",
      parameters: { times: times(1) },
    }),
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
  const { asked } = knobFaults(knobs);
  return {
    "lost-answer": asked("lostAnswer", ruleOf, {
      summary: "the method is obeyed and not answered",
      parameters: { method, times: times(1) },
    }),
    "delayed-answer": asked(
      "delayedAnswer",
      (given) => ({ ...ruleOf(given), milliseconds: Number(given["milliseconds"]) }),
      {
        summary: "the method is obeyed and answered late",
        parameters: { method, times: times(forEver), milliseconds: number(1, 600_000, 3000) },
      },
    ),
    "refuse-method": asked("refusedMethod", (given) => ({ ...ruleOf(given), code: Number(given["code"]) }), {
      summary: "the method is answered with this error_code and not obeyed",
      parameters: { method, times: times(forEver), code: number(1, 65_535, 1009) },
    }),
  };
}

function shapeFaults({ printer: { knobs } }: FaultTargets): Faults {
  const { at } = knobFaults(knobs);
  return {
    "pretty-json": at("prettyJson", true, "messages come with spaces and new lines"),
    "gcode-move-inf": at("gcodeMoveInf", true, "the position is gcode_move_inf, with e instead of extruder"),
    toolhead: at("toolhead", true, "tool_head is spelt toolhead"),
    "total-layer-missing": at("totalLayerMissing", true, "1002 does not name the number of layers"),
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
    "storage-full": knobFaults(knobs).at("storageFull", true, "upload chunks are refused with 9002"),
  };
}

function ownCameraFaults({ printer }: FaultTargets): Faults {
  const { at } = knobFaults(printer.knobs);
  return {
    "camera-disabled": at("cameraEnabled", false, "no frames until method 1042"),
    "camera-unplugged": at("cameraPlugged", false, "1042 gets error 1003, streams bring no frame"),
    "camera-boundary": at("cameraBoundary", "--frame_boundary", "the boundary is named with its dashes"),
  };
}

function ruleOf(parameters: Parameters): AnswerRule {
  return answerRule(parameters["method"], parameters["times"]);
}
