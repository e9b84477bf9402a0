// The faults of the simulated Bambu Lab printer that concern its network side, by the names that
// POST /fault takes. Those of the machine are ./machine-faults.ts.

import { dropFault, forEver, knobFaults, number, times } from "../admin/fault-kinds.ts";
import { AdminInputError } from "../admin/parameters.ts";
import type { Faults, ParameterRule, Parameters } from "../simulator.ts";
import type { FaultTargets } from "./fault-targets.ts";
import type { Knobs } from "./knobs.ts";
import { machineFaults } from "./machine-faults.ts";
import type { Printer } from "./printer.ts";
import { serviceFaults } from "./service-faults.ts";

const text = (byDefault: string): ParameterRule => ({ kind: "text", default: byDefault });

export function faultTable(targets: FaultTargets): Faults {
  return {
    ...sessionFaults(targets),
    ...reportFaults(targets),
    ...answerFaults(targets.printer.knobs),
    ...authorizationFaults(targets.printer),
    ...machineFaults(targets),
    ...serviceFaults(targets),
  };
}

function sessionFaults({ printer, broker, services }: FaultTargets): Faults {
  const { accessCode, knobs } = printer;
  const { refusalCode, sessionLimit, beyondLimit } = knobs;
  const { at, asked } = knobFaults(knobs);
  return {
    "access-code-changed": {
      summary: "somebody set another access code; every session ends and the old code is refused",
      parameters: { code: text("86021300"), connack: { kind: "choice", values: [4, 5], default: 4 } },
      set: async ({ code, connack }) => {
        printer.accessCode = String(code);
        knobs.refusalCode = connack === 5 ? 5 : 4;
        services.drop();
        await broker.drop("end");
      },
      clear: () => {
        printer.accessCode = accessCode;
        knobs.refusalCode = refusalCode;
      },
    },
    "drop-sockets": dropFault("cuts every MQTT connection now", ["end", "reset"], async (how) => broker.drop(how)),
    "session-limit": {
      summary: "so many MQTT sessions at a time; the next is refused, or the oldest goes",
      parameters: {
        count: number(0, 100, 1),
        how: { kind: "choice", values: ["refuse", "drop-oldest"], default: "refuse" },
      },
      set: ({ count, how }) => {
        knobs.sessionLimit = Number(count);
        knobs.beyondLimit = how === "drop-oldest" ? "drop-oldest" : "refuse";
      },
      clear: () => {
        Object.assign(knobs, { sessionLimit, beyondLimit });
      },
    },
    puback: asked("pubackMs", ({ milliseconds, withheld }) => (withheld === true ? Infinity : Number(milliseconds)), {
      summary: "acknowledgements of MQTT quality 1 come so late, or never with `withheld`",
      parameters: { milliseconds: number(1, 3_600_000, 30_000), withheld: { kind: "boolean", default: false } },
    }),
    zombie: {
      summary: "the sessions there are get no reports, though they live; pushing.start or a reconnect revives",
      set: () => broker.bewitch(),
      clear: () => broker.reviveAll(),
    },
    silence: at("silence", true, "connections stay open, nothing is answered or reported"),
  };
}

function reportFaults({ printer, broker, reporter }: FaultTargets): Faults {
  const { knobs, overrides } = printer;
  const { at } = knobFaults(knobs);
  return {
    field: {
      summary: "a field of the report has this value, whatever the machine does: path `ams.tray_now`, value as JSON",
      parameters: { path: { kind: "text" }, json: { kind: "text" } },
      set: ({ path, json }) => {
        overrides.set(String(path), parseJson(String(json)));
        reporter.tell();
      },
      clear: () => {
        overrides.clear();
        reporter.tell();
      },
    },
    raw: {
      summary: "these bytes go out on the report topic, once",
      parameters: { text: { kind: "text", optional: true }, base64: { kind: "text", optional: true } },
      set: ({ text: plain, base64 }) => {
        if ((plain === undefined) === (base64 === undefined)) throw new AdminInputError('give "text" or "base64"');
        broker.publish(typeof plain === "string" ? Buffer.from(plain) : Buffer.from(String(base64), "base64"));
      },
    },
    lag: at("lags", true, "a pushall within five minutes of the last stops all reports for 10 s"),
    "dirty-text": at("dirtyText", true, "names hold bytes that are no UTF-8, and a NUL ends the message"),
    "tray-state": at("trayState", true, "filled trays have `state`, which pybambu wants"),
    "camera-missing": at("cameraGone", true, 'ipcam_dev is "0"'),
    "online-version": {
      summary: "online.version changes, as after an update",
      set: () => {
        knobs.onlineVersion += 1;
        reporter.tell();
      },
    },
  };
}

function answerFaults(knobs: Knobs): Faults {
  const { at, asked } = knobFaults(knobs);
  const command = text("");
  return {
    "lost-answer": asked("lostAnswers", counted, {
      summary: "does what it is asked and does not answer: this command, or all",
      parameters: { command, times: times(1) },
    }),
    "delayed-answer": asked(
      "delayedAnswers",
      (given) => ({ command: String(given["command"]), milliseconds: Number(given["milliseconds"]) }),
      {
        summary: "does what it is asked and answers late",
        parameters: { command, milliseconds: number(1, 3_600_000, 3000) },
      },
    ),
    "late-accept": asked("acceptMs", ({ milliseconds }) => Number(milliseconds), {
      summary: "project_file is answered so late, though the job begins",
      parameters: { milliseconds: number(1, 3_600_000, 150_000) },
    }),
    "refuse-command": asked("refused", counted, {
      summary: "answers with fail and does not obey",
      parameters: { command, times: times(forEver) },
    }),
    "answers-unknown": at("answersUnknown", true, "unknown commands are answered with fail"),
    "empty-version": asked("emptyVersions", (given) => Number(given["times"]), {
      summary: "get_version has modules without serial and version, so many times",
      parameters: { times: times(1) },
    }),
    hybrid: at("hybrid", true, "G-code that heats or moves is refused, as by P1 in cloud mode"),
  };
}

function authorizationFaults({ authorization }: Printer): Faults {
  const before = authorization.locked;
  return {
    locked: {
      summary: "Developer Mode is off: print and upgrade commands need a signature",
      parameters: {
        no_result: { kind: "boolean", default: false },
        raw: { kind: "boolean", default: false },
        encrypted_gcode: { kind: "boolean", default: false },
        public_key: { kind: "text", optional: true },
        cert_id: text(""),
      },
      set: (given) => lock(authorization, given),
      clear: () => {
        Object.assign(authorization, { locked: before, noResult: false, raw: false, encryptedGcode: false });
      },
    },
  };
}

function lock(authorization: Printer["authorization"], given: Parameters): void {
  const { no_result, raw, encrypted_gcode, public_key, cert_id } = given;
  if (typeof public_key === "string") {
    try {
      authorization.trust(public_key, String(cert_id));
    } catch {
      throw new AdminInputError('"public_key" must be a PEM public key or certificate');
    }
  }
  Object.assign(authorization, { locked: true, noResult: no_result, raw, encryptedGcode: encrypted_gcode });
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new AdminInputError('"json" must be a JSON text, such as "4" or "\\"IDLE\\""');
  }
}

function counted(given: Parameters): { readonly command: string; timesLeft: number } {
  return { command: String(given["command"]), timesLeft: Number(given["times"]) };
}
