// What the commands of the table mean to OctoPrint: route, body, and what is checked before anything
// is sent, because OctoPrint itself checks neither temperatures nor tools.

import type { CommandHandlers, CommandInput } from "../../model/commands.ts";
import { safeGcode } from "../../model/gcode.ts";
import { list, text, type Fields } from "./codec.ts";
import { createFileHandlers, resourceOf } from "./files.ts";
import { invalid } from "./invalid.ts";
import { temperatureLimits } from "./machine.ts";
import { createSerialHandlers } from "./serial-port.ts";
import type { OctoPrintSession, Told } from "./session.ts";

/** Handlers of one session. */
export function createHandlers(session: OctoPrintSession): CommandHandlers {
  return { ...createMachineHandlers(session), ...createFileHandlers(session), ...createSerialHandlers(session) };
}

function createMachineHandlers(session: OctoPrintSession): CommandHandlers {
  const job =
    (body: Fields) =>
    async (_input: unknown, { signal }: { signal: AbortSignal }): Promise<Told> =>
      session.tell("/api/job", body, signal);
  return {
    pause: job({ command: "pause", action: "pause" }),
    resume: job({ command: "pause", action: "resume" }),
    stop: job({ command: "cancel" }),
    start: async (input, { signal }) => {
      refuseOptions(input);
      return session.tell(`/api/files${resourceOf(input.file)}`, { command: "select", print: true }, signal);
    },
    setHeaterTarget: async ({ heater, targetCelsius }, { signal }) => {
      const [path, tool] = heaterRoute(session, heater);
      checkTemperature(heater, targetCelsius);
      const body = tool === null ? { target: targetCelsius } : { targets: { [tool]: targetCelsius } };
      return session.tell(path, { command: "target", ...body }, signal);
    },
    setHeaterOffset: async ({ heater, offsetCelsius }, { signal }) => {
      const [path, tool] = heaterRoute(session, heater);
      const body = tool === null ? { offset: offsetCelsius } : { offsets: { [tool]: offsetCelsius } };
      return session.tell(path, { command: "offset", ...body }, signal);
    },
    home: async ({ axes }, { signal }) =>
      session.tell("/api/printer/printhead", { command: "home", axes: [...new Set(axes)] }, signal),
    jog: async (input, { signal }) => session.tell("/api/printer/printhead", jogBody(session, input), signal),
    sendGcode: async ({ lines }, { signal }) =>
      session.tell("/api/printer/command", { commands: safeGcode(lines, temperatureLimits) }, signal),
    emergencyStop: async (_input, { signal }) => session.tell("/api/printer/command", { command: "M112" }, signal),
    listSystemCommands: async (_input, { signal }) => listSystemCommands(session, signal),
    refresh: async (_input, { signal }) => {
      await session.refresh(signal);
      return { outcome: "acknowledged" };
    },
  };
}

/** OctoPrint has no word for these, and a wish is not dropped in silence. */
function refuseOptions({ levelBed, timelapse, plate, slots }: CommandInput<"start">): void {
  if (levelBed) throw invalid("/levelBed", "OctoPrint cannot level the bed first; put it into the file's start G-code");
  if (timelapse) throw invalid("/timelapse", "OctoPrint records time-lapses by its own settings");
  if (plate !== undefined) throw invalid("/plate", "OctoPrint knows no plates");
  if (slots !== undefined) throw invalid("/slots", "OctoPrint knows no material slots");
}

/** The route of a heated part, and its name there for a nozzle. @throws `invalid_input` where there is none */
function heaterRoute({ machine }: OctoPrintSession, heater: string): [path: string, tool: string | null] {
  if (heater === "bed" && machine.hasBed) return ["/api/printer/bed", null];
  if (heater === "chamber" && machine.hasChamber) return ["/api/printer/chamber", null];
  const index = /^nozzle(\d+)$/u.exec(heater)?.[1];
  if (index !== undefined && Number(index) < machine.nozzles) return ["/api/printer/tool", `tool${index}`];
  throw invalid("/heater", `the machine has no ${heater}, by OctoPrint's printer profile`);
}

/** @throws `invalid_input` above the limit */
function checkTemperature(heater: string, targetCelsius: number): void {
  const part = heater === "bed" || heater === "chamber" ? heater : "nozzle";
  const limit = temperatureLimits[`${part}Celsius`];
  if (targetCelsius > limit) throw invalid("/targetCelsius", `the ${part} may be heated to ${limit} °C at most`);
}

/** @throws `invalid_input` beyond the machine's reach */
function jogBody({ machine }: OctoPrintSession, { axis, distanceMillimeters }: CommandInput<"jog">): Fields {
  const reach = machine.reachMillimeters[axis];
  if (Math.abs(distanceMillimeters) > reach) {
    throw invalid("/distanceMillimeters", `${axis} may be moved by ${reach} mm at most`);
  }
  const speed = machine.jogMillimetersPerMinute[axis];
  return { command: "jog", [axis]: distanceMillimeters, absolute: false, speed };
}

/** They are told and never run: a right to `SYSTEM` is the right to the whole host. */
async function listSystemCommands(
  { rest }: OctoPrintSession,
  signal: AbortSignal,
): Promise<{ items: { name: string; description: string | null }[] }> {
  const groups = await rest.get("/api/system/commands", { signal });
  const items = Object.values(groups)
    .flatMap((group) => list(group))
    .flatMap(({ name, action, source }) => {
      const known = text(action) ?? text(name);
      return known === null ? [] : [{ name: `${text(source) ?? "core"}/${known}`, description: text(name) }];
    });
  return { items };
}
