// The faults of the simulated Bambu Lab printer that concern its network side, by the names that
// POST /fault takes. Those of the machine are ./machine-faults.ts.

import { AdminInputError } from "../admin/parameters.ts";
import type { Fault, ParameterRule, Parameters } from "../simulator.ts";
import type { Broker } from "./broker.ts";
import { defaultKnobs, type Knobs } from "./knobs.ts";
import { machineFaults } from "./machine-faults.ts";
import type { Printer } from "./printer.ts";
import type { Reporter } from "./reporter.ts";
import { serviceFaults } from "./service-faults.ts";
import type { Services } from "./services.ts";

export interface FaultTargets {
  readonly printer: Printer;
  readonly broker: Broker;
  readonly reporter: Reporter;
  readonly services: Services;
  readonly powerCut: () => Promise<void>;
  readonly powerReturns: () => Promise<void>;
}

export type Faults = Readonly<Record<string, Fault>>;

const text = (byDefault: string): ParameterRule => ({ kind: "text", default: byDefault });
const number = (minimum: number, maximum: number, byDefault: number): ParameterRule => ({
  kind: "number",
  minimum,
  maximum,
  default: byDefault,
});
const forEver = 1_000_000;
const times = (byDefault: number): ParameterRule => number(1, forEver, byDefault);

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
  const { knobs } = printer;
  const { accessCode } = printer;
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
        knobs.refusalCode = defaultKnobs().refusalCode;
      },
    },
    "drop-sockets": {
      summary: "cuts every MQTT connection now",
      parameters: { how: { kind: "choice", values: ["end", "reset"], default: "end" } },
      set: async ({ how }) => broker.drop(how === "reset" ? "reset" : "end"),
    },
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
      clear: () => reset(knobs, "sessionLimit", "beyondLimit"),
    },
    puback: {
      summary: "acknowledgements of MQTT quality 1 come so late, or never with `withheld`",
      parameters: { milliseconds: number(1, 3_600_000, 30_000), withheld: { kind: "boolean", default: false } },
      set: ({ milliseconds, withheld }) => {
        knobs.pubackMs = withheld === true ? Infinity : Number(milliseconds);
      },
      clear: () => reset(knobs, "pubackMs"),
    },
    zombie: {
      summary: "the sessions there are get no reports, though they live; pushing.start or a reconnect revives",
      set: () => broker.bewitch(),
      clear: () => broker.reviveAll(),
    },
    silence: knob(knobs, "silence", true, "connections stay open, nothing is answered or reported"),
  };
}

function reportFaults({ printer, broker, reporter }: FaultTargets): Faults {
  const { knobs, overrides } = printer;
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
    lag: knob(knobs, "lags", true, "a pushall within five minutes of the last stops all reports for 10 s"),
    "dirty-text": knob(knobs, "dirtyText", true, "names hold bytes that are no UTF-8, and a NUL ends the message"),
    "tray-state": knob(knobs, "trayState", true, "filled trays have `state`, which pybambu wants"),
    "camera-missing": knob(knobs, "cameraGone", true, 'ipcam_dev is "0"'),
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
  const command = text("");
  return {
    "lost-answer": {
      summary: "does what it is asked and does not answer: this command, or all",
      parameters: { command, times: times(1) },
      set: (given) => {
        knobs.lostAnswers = { command: String(given["command"]), timesLeft: Number(given["times"]) };
      },
      clear: () => reset(knobs, "lostAnswers"),
    },
    "delayed-answer": {
      summary: "does what it is asked and answers late",
      parameters: { command, milliseconds: number(1, 3_600_000, 3000) },
      set: (given) => {
        knobs.delayedAnswers = { command: String(given["command"]), milliseconds: Number(given["milliseconds"]) };
      },
      clear: () => reset(knobs, "delayedAnswers"),
    },
    "late-accept": {
      summary: "project_file is answered so late, though the job begins",
      parameters: { milliseconds: number(1, 3_600_000, 150_000) },
      set: ({ milliseconds }) => {
        knobs.acceptMs = Number(milliseconds);
      },
      clear: () => reset(knobs, "acceptMs"),
    },
    "refuse-command": {
      summary: "answers with fail and does not obey",
      parameters: { command, times: times(forEver) },
      set: (given) => {
        knobs.refused = { command: String(given["command"]), timesLeft: Number(given["times"]) };
      },
      clear: () => reset(knobs, "refused"),
    },
    "answers-unknown": knob(knobs, "answersUnknown", true, "unknown commands are answered with fail"),
    "empty-version": {
      summary: "get_version has modules without serial and version, so many times",
      parameters: { times: times(1) },
      set: (given) => {
        knobs.emptyVersions = Number(given["times"]);
      },
      clear: () => reset(knobs, "emptyVersions"),
    },
    hybrid: knob(knobs, "hybrid", true, "G-code that heats or moves is refused, as by P1 in cloud mode"),
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

function reset(knobs: Knobs, ...names: readonly (keyof Knobs)[]): void {
  const usual = defaultKnobs();
  Object.assign(knobs, Object.fromEntries(names.map((name) => [name, usual[name]])));
}

/** A fault that is one knob at one value, and at its usual value when cleared. */
function knob<Name extends keyof Knobs>(knobs: Knobs, name: Name, value: Knobs[Name], summary: string): Fault {
  return {
    summary,
    set: () => {
      knobs[name] = value;
    },
    clear: () => reset(knobs, name),
  };
}
