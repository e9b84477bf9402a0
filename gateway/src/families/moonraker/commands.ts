// What the commands of the table mean in Klipper: the request or the G-code, and how long it may
// take. Klipper runs one script at a time and answers when it is done.

import { PrinterError } from "../../model/errors.ts";
import type { CommandHandlers, CommandResult } from "../../model/commands.ts";
import { safeGcode } from "../../model/gcode.ts";
import { fields, text, type Fields } from "./codec.ts";
import type { Connection } from "./connection.ts";
import { fileHandlers, storedPath, type FileHost } from "./files.ts";
import { checkTarget, jogLines, outOfBounds } from "./limits.ts";
import type { Machine } from "./machine.ts";
import { fanId, heaterObject } from "./state.ts";
import { isLight, kindOf, ownName } from "./objects.ts";
import { firstLines } from "./refusals.ts";
import type { AskOptions } from "./requests.ts";

/** A pause macro parks, homing takes its time; below the longest that the fleet waits. */
const scriptMs = 110_000;

export interface Line {
  readonly machine: Machine;
  ask(method: string, params?: Fields, options?: AskOptions): Promise<unknown>;
}

type Acknowledged = CommandResult<"pause">;

/** Handlers of one session. */
export function createHandlers(line: Line, connection: Connection): CommandHandlers {
  const { machine } = line;

  /** Asks once and never again: what came of a request that got no answer, nobody knows. */
  async function ask(method: string, params: Fields, signal: AbortSignal): Promise<Acknowledged> {
    try {
      await line.ask(method, params, { signal, deadlineMs: scriptMs });
      return { outcome: "acknowledged" };
    } catch (error) {
      if (error instanceof PrinterError && error.code === "timeout") return { outcome: "unconfirmed" };
      throw error;
    }
  }

  /** Runs G-code, once Klipper can. */
  async function run(lines: readonly string[], signal: AbortSignal): Promise<Acknowledged> {
    mustBeReady(machine);
    const result = await ask("printer.gcode.script", { script: lines.join("\n") }, signal);
    // The next push is up to 250 ms away, and what may be asked next hangs on the state.
    await machine.refresh().catch(() => undefined); // the next push will do
    return result;
  }

  return {
    ...fileHandlers(hostOf(line), connection),
    pause: async (_input, { signal }) => ask("printer.print.pause", {}, signal),
    resume: async (_input, { signal }) => ask("printer.print.resume", {}, signal),
    stop: async (_input, { signal }) => ask("printer.print.cancel", {}, signal),
    start: async ({ file, levelBed, timelapse, plate, slots }, { signal }) => {
      refuseExtras({ levelBed, timelapse, plate, slots });
      const filename = storedPath(file);
      mustBeReady(machine);
      return ask("printer.print.start", { filename }, signal).catch(cannotOpen);
    },
    setHeaterTarget: async ({ heater, targetCelsius }, { signal }) => {
      const name = heaterObject(machine.status, heater);
      if (name === undefined) throw outOfBounds("/heater", `this printer has no heater "${heater}"`);
      checkTarget(heater, targetCelsius, machine.limits);
      return run([`SET_HEATER_TEMPERATURE HEATER=${ownName(name)} TARGET=${targetCelsius}`], signal);
    },
    setFanSpeed: async ({ fan, speedRatio }, { signal }) => run([fanLine(machine.status, fan, speedRatio)], signal),
    setSpeed: async ({ mode, speedRatio }, { signal }) => {
      if (speedRatio === undefined) {
        throw outOfBounds("/mode", `this printer has no speed presets such as "${mode}": give speedRatio`);
      }
      return run([`M220 S${Math.round(speedRatio * 100)}`], signal);
    },
    setLight: async ({ light, on }, { signal }) => run([lightLine(machine.status, light, on)], signal),
    home: async ({ axes }, { signal }) => run([`G28 ${axes.map((axis) => axis.toUpperCase()).join(" ")}`], signal),
    jog: async ({ axis, distanceMillimeters }, { signal }) => {
      mustBeReady(machine);
      // Where the head is, is pushed with a delay: a move is bounded by where it is now.
      await machine.refresh();
      return run(jogLines(machine.status, axis, distanceMillimeters), signal);
    },
    sendGcode: async ({ lines }, { signal }) => run(safeGcode(lines, machine.limits), signal),
    runMacro: async ({ macro }, { signal }) => {
      const name = macro.toUpperCase();
      if (!machine.macros.includes(name)) {
        throw outOfBounds("/macro", `there is no macro "${macro}" that may be run; list-macros names those there are`);
      }
      return run([name], signal);
    },
    listMacros: async (_input, { signal }) => {
      const help = fields(await line.ask("printer.gcode.help", {}, { signal }));
      return { items: machine.macros.map((name) => ({ name, description: description(help[name]) })) };
    },
    emergencyStop: async (_input, { signal }) => ask("printer.emergency_stop", {}, signal),
    refresh: async (_input, { signal }) => {
      signal.throwIfAborted();
      await machine.refresh();
      return { outcome: "acknowledged" };
    },
  };
}

function hostOf(line: Line): FileHost {
  const { machine } = line;
  return {
    ask: async (method, params, options) => line.ask(method, params, options),
    get printing() {
      return machine.readings().job?.file ?? null;
    },
    get freeBytes() {
      return machine.storages[0]?.freeBytes ?? null;
    },
  };
}

/** @throws PrinterError `wrong_phase` with Klipper's own words */
function mustBeReady({ klippy, isAway }: Machine): void {
  if (!isAway) return;
  const why = klippy.message === null ? `it is in state "${klippy.state}"` : firstLines(klippy.message);
  throw new PrinterError("wrong_phase", `Klipper cannot take commands: ${why}`);
}

/** What the row of `start` offers and Klipper has no word for: better refused than left out. */
function refuseExtras(extras: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(extras)) {
    if (value !== undefined && value !== false) {
      throw outOfBounds(`/${key}`, `a Klipper printer does this by its own macros: leave ${key} out`);
    }
  }
}

function cannotOpen(error: unknown): never {
  if (error instanceof PrinterError && /unable to open file/iu.test(error.message)) {
    throw new PrinterError("not_found", "there is no such file on the printer", { cause: error });
  }
  throw error;
}

/** @throws PrinterError `invalid_input` for a fan that Klipper drives by itself, or does not have */
function fanLine(status: Fields, fan: string, speedRatio: number): string {
  const name = Object.keys(status).find((candidate) => /fan/u.test(kindOf(candidate)) && fanId(candidate) === fan);
  if (name === "fan") return `M106 S${Math.round(speedRatio * 255)}`;
  if (name !== undefined && kindOf(name) === "fan_generic") {
    return `SET_FAN_SPEED FAN="${ownName(name)}" SPEED=${speedRatio}`;
  }
  throw outOfBounds(
    "/fan",
    name === undefined ? `this printer has no fan "${fan}"` : `Klipper drives "${fan}" by itself`,
  );
}

/** @throws PrinterError `invalid_input` for a light it does not have */
function lightLine(status: Fields, light: string, on: boolean): string {
  const name = Object.keys(status).find((candidate) => isLight(candidate) && ownName(candidate) === light);
  if (name === undefined) throw outOfBounds("/light", `this printer has no light "${light}"`);
  const value = on ? 1 : 0;
  if (kindOf(name) === "output_pin") return `SET_PIN PIN="${light}" VALUE=${value}`;
  return `SET_LED LED="${light}" RED=${value} GREEN=${value} BLUE=${value} WHITE=${value}`;
}

/** Klipper's own word for a macro without a description says nothing. */
function description(help: unknown): string | null {
  const words = text(help);
  return words === null || words === "G-Code macro" ? null : words;
}
