// /api/connection, /api/printer and /api/job: what each command checks, and in which order, as 1.11.8
// and 2.0.0rc3 do. OctoPrint itself knows no limit of temperature.

import { broken, done, json, notFound, notOperational, refuse, type Answer } from "./answers.ts";
import { printerDocument } from "./documents.ts";
import { baudrates, ports, type OctoPrint } from "./octoprint.ts";

export type Body = Readonly<Record<string, unknown>>;

const emergency = "Closing serial port due to emergency stop M112.";

export function connectionCommand({ machine }: OctoPrint, body: Body): Answer {
  switch (body["command"]) {
    case "connect": {
      const { port = "VIRTUAL", baudrate = 115_200, printerProfile = "_default" } = body;
      if (port !== "AUTO" && !ports.includes(String(port))) return refuse(400, "port is invalid");
      if (baudrate !== 0 && !baudrates.includes(Number(baudrate))) return refuse(400, "baudrate is invalid");
      if (printerProfile !== "_default") return refuse(400, "printerProfile is invalid");
      // A running print dies with the old connection.
      if (machine.isOperational) machine.disconnect();
      machine.connect(port === "AUTO" ? "VIRTUAL" : String(port), Number(baudrate) || 115_200);
      return done;
    }
    case "disconnect":
      machine.disconnect();
      return done;
    case "fake_ack":
      return done;
    default:
      return refuse(400, "command is invalid");
  }
}

export function jobCommand({ machine }: OctoPrint, { command, action }: Body): Answer {
  const { state, isBusy } = machine;
  if (!machine.isOperational) return notOperational;
  switch (command) {
    case "start":
      if (isBusy) return refuse(409, "Printer already has an active print job, did you mean 'restart'?");
      machine.start();
      return done;
    case "restart":
      if (state !== "PAUSED") return refuse(409, "Printer does not have an active print job or is not paused");
      machine.start();
      return done;
    case "pause":
    case "cancel":
      if (!isBusy) {
        return refuse(409, `Printer is neither printing nor paused, '${command}' command cannot be performed`);
      }
      return command === "cancel" ? cancel(machine) : pause(machine, action ?? "toggle");
    default:
      return refuse(400, "command is invalid");
  }
}

function cancel(machine: OctoPrint["machine"]): Answer {
  if (machine.state !== "CANCELLING") machine.cancel();
  return done;
}

function pause(machine: OctoPrint["machine"], action: unknown): Answer {
  if (action !== "pause" && action !== "resume" && action !== "toggle") return refuse(400, "Unknown action");
  if (machine.state === "PRINTING" && action !== "resume") machine.pause();
  else if (machine.state === "PAUSED" && action !== "pause") machine.resume();
  return done;
}

export function printerStatus(octoprint: OctoPrint, part: string, query: URLSearchParams): Answer {
  if (part === "error") {
    const { machine, release } = octoprint;
    const error = release.errorInDocuments ? machine.error : "";
    return json(error === "" ? { error: "", reason: "" } : { error, reason: "firmware", consequence: "emergency" });
  }
  if (!octoprint.machine.isOperational) return notOperational;
  const document = printerDocument(octoprint, query.get("exclude")?.split(",") ?? []);
  if (part === "") return json(document);
  const all = (document["temperature"] ?? {}) as Body;
  const names = Object.keys(all).filter((name) => name === part || (part === "tool" && name.startsWith("tool")));
  return json(Object.fromEntries(names.map((name) => [name, all[name]])));
}

/** @param part tool, bed, chamber, printhead or command */
export function printerCommand(octoprint: OctoPrint, part: string, body: Body): Answer {
  if (!octoprint.machine.isOperational) {
    return part === "printhead" ? refuse(409, "Printer is not operational or currently printing") : notOperational;
  }
  switch (part) {
    case "tool":
      return toolCommand(octoprint, body);
    case "bed":
    case "chamber":
      return heaterCommand(octoprint, part, body);
    case "printhead":
      return headCommand(octoprint, body);
    case "command":
      return gcodeCommand(octoprint, body);
    default:
      return notFound;
  }
}

function toolCommand({ machine }: OctoPrint, body: Body): Answer {
  const key = { target: "targets", offset: "offsets" }[String(body["command"])];
  if (key === undefined) return refuse(400, "command is invalid");
  const values = body[key];
  if (typeof values !== "object" || values === null) return refuse(400, "Mandatory parameters missing");
  for (const [tool, value] of Object.entries(values)) {
    if (!/^tool\d*$/u.test(tool) || typeof value !== "number") return refuse(400, `${key} contains an invalid value`);
    if (key === "offsets" && Math.abs(value) > 50) return refuse(400, "Offset is invalid");
    if (key === "targets") machine.heat(tool, value);
    else if (machine.heaters[tool] !== undefined) machine.heaters[tool].offset = value;
  }
  return done;
}

function heaterCommand({ machine }: OctoPrint, part: string, { command, target, offset }: Body): Answer {
  const heater = machine.heaters[part];
  if (heater === undefined) return refuse(409, `Printer does not have a heated ${part}`);
  if (command === "target") {
    if (typeof target !== "number") return refuse(400, "target is invalid");
    heater.target = target;
    return done;
  }
  if (command !== "offset") return refuse(400, "command is invalid");
  if (typeof offset !== "number" || Math.abs(offset) > 50) return refuse(400, "offset is invalid");
  heater.offset = offset;
  return done;
}

function headCommand({ machine, release }: OctoPrint, body: Body): Answer {
  const paused = machine.state === "PAUSED" && release.movesWhilePaused;
  if (machine.isBusy && !paused) return refuse(409, "Printer is not operational or currently printing");
  const axes: ReadonlySet<unknown> = new Set(["x", "y", "z"]);
  if (body["command"] === "home") {
    const asked = body["axes"];
    if (!Array.isArray(asked)) return refuse(400, "Mandatory parameters missing");
    if (asked.some((axis) => !axes.has(axis))) return refuse(400, "axis is invalid");
    machine.gcode.push(`G28 ${asked.map((axis) => `${String(axis).toUpperCase()}0`).join(" ")}`.trim());
    return done;
  }
  if (body["command"] !== "jog") return refuse(400, "command is invalid");
  const moved = Object.entries(body).filter(([axis]) => axes.has(axis));
  if (moved.length === 0) return broken;
  if (moved.some(([, distance]) => typeof distance !== "number")) return refuse(400, "x is invalid");
  machine.gcode.push(`G0 ${moved.map(([axis, distance]) => `${axis.toUpperCase()}${String(distance)}`).join(" ")}`);
  return done;
}

function gcodeCommand({ machine }: OctoPrint, { command, commands }: Body): Answer {
  const lines = typeof command === "string" ? [command] : Array.isArray(commands) ? commands.map(String) : undefined;
  if (lines === undefined) return refuse(400, "Need at least one of command, commands or script");
  for (const line of lines) {
    machine.gcode.push(line);
    const [, part, target] = /^M1(?:04|09) .*S(\d+)/u.exec(line) ?? [];
    if (part !== undefined) machine.heat("tool0", Number(target ?? part));
    if (line.startsWith("M112")) machine.disconnect(emergency);
  }
  return done;
}
