// THE table of commands: everything Gantry can ask of a printer, written once, in this file and the
// four it gathers. Description only; a family's session carries the handlers, and fleet/dispatch.ts
// is the one gate in front of them.

import * as z from "zod";
import { cloudCommands } from "./cloud-commands.ts";
import { acknowledged, nothing, ready, storedName, type CommandRow } from "./command-row.ts";
import { fileCommands } from "./file-commands.ts";
import { machineCommands } from "./machine-commands.ts";
import { materialCommands } from "./material-commands.ts";
import type { Heater, Readings } from "./printer.ts";

/** Why a printer does not take a command that others of its family take: never, or not just now. */
export interface Unavailable {
  readonly retry: "never" | "later";
  /** In words. */
  readonly reason: string;
}

/** A file that is to go to the printer, spooled on disk; it is gone once the handler is done. */
export interface FileToSend {
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly md5: string;
}

/** Bytes that came from the printer. Whoever gets this reads it to its end or aborts the signal. */
export interface Media {
  readonly mediaType: string;
  readonly sizeBytes: number | null;
  readonly content: AsyncIterable<Uint8Array>;
}

const heater = z
  .string()
  .regex(/^(nozzle\d|bed|chamber)$/u)
  .meta({ description: "nozzle0, nozzle1, bed or chamber." });

const celsius = (maximum: number): z.ZodNumber => z.number().min(0).max(maximum);

export const commands = {
  pause: {
    label: "Pause",
    summary: "Pause the running job; the head parks and the heaters stay on.",
    input: nothing,
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "pause",
    phases: ["preparing", "printing"],
    landed: ({ phase }) => phase === "paused",
  },
  resume: {
    label: "Resume",
    summary: "Go on with the paused job.",
    input: nothing,
    output: acknowledged,
    effect: "changes",
    idempotent: false,
    needs: "resume",
    phases: ["paused"],
    landed: ({ phase }) => phase === "printing",
  },
  stop: {
    label: "Stop",
    summary: "End the running job for good; it cannot be taken up again.",
    input: nothing,
    output: acknowledged,
    effect: "destroys",
    idempotent: false,
    needs: "stop",
    phases: ["preparing", "printing", "paused", "resuming", "failed"],
    landed: ({ phase, job }) => job === null || phase === "stopped",
  },
  start: {
    label: "Start",
    summary: "Print a file that is stored on the printer. The bed must be clear: the machine heats and moves at once.",
    input: z.strictObject({
      file: storedName,
      plateNumber: z
        .int()
        .min(1)
        .max(99)
        .optional()
        .meta({ description: "Plate of the file, from 1, for files that hold several. Default: its first." }),
      levelBed: z.boolean().default(false).meta({ description: "Level the bed first." }),
      calibrateFlow: z.boolean().default(false).meta({ description: "Calibrate the flow of the filament first." }),
      calibrateVibration: z.boolean().default(false).meta({ description: "Measure the frame's vibration first." }),
      inspectFirstLayer: z.boolean().default(false).meta({ description: "Have the printer inspect its first layer." }),
      timelapse: z.boolean().default(false).meta({ description: "Record a time-lapse." }),
      plate: z
        .string()
        .min(1)
        .max(32)
        .optional()
        .meta({ description: "Build plate, by the printer's own name for it." }),
      slots: z
        .array(
          z.strictObject({
            tool: z.int().min(0).max(31).meta({ description: "Filament number in the file, from 0." }),
            unit: z.string().min(1).max(32),
            slot: z.string().min(1).max(32),
          }),
        )
        .max(32)
        .optional()
        .meta({ description: "Which material slot feeds each filament of the file, as the state lists them." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: false,
    needs: "start",
    phases: ready,
    landed: ({ job }) => job !== null,
  },
  setHeaterTarget: {
    label: "Heater target",
    summary: "Heat a part to a temperature; 0 switches it off.",
    input: z.strictObject({
      heater,
      targetCelsius: celsius(350).meta({ unit: "celsius", description: "Target temperature, °C." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "heaters",
    landed: (state, { heater, targetCelsius }) => heaterOf(state, String(heater))?.targetCelsius === targetCelsius,
  },
  setHeaterOffset: {
    label: "Heater offset",
    summary: "Shift every temperature that a print asks of a heated part; 0 ends it.",
    input: z.strictObject({
      heater,
      offsetCelsius: z.number().min(-50).max(50).meta({ unit: "celsius", description: "Offset, °C." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "heaterOffsets",
  },
  setFanSpeed: {
    label: "Fan speed",
    summary: "Set the speed of a fan.",
    input: z.strictObject({
      fan: z.string().min(1).max(32).meta({ description: "Id of the fan, as the state lists it." }),
      speedRatio: z.number().min(0).max(1).meta({ unit: "ratio", description: "0 is off, 1 is full speed." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "fans",
    landed: ({ fans }, { fan, speedRatio }) => {
      const seen = fans.find(({ id }) => id === fan)?.speedRatio;
      return seen != null && Math.abs(seen - Number(speedRatio)) < 0.02;
    },
  },
  setSpeed: {
    label: "Print speed",
    summary: "Change the speed of the running job, by preset or by ratio.",
    input: z
      .strictObject({
        mode: z.string().min(1).max(32).optional().meta({ description: "Name of a speed preset of this printer." }),
        speedRatio: z.number().min(0.1).max(3).optional().meta({ unit: "ratio", description: "1 is 100 %." }),
      })
      .refine((input) => (input.mode === undefined) !== (input.speedRatio === undefined), {
        error: "give either mode or speedRatio",
      }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "speed",
    landed: (state, { mode, speedRatio }) => state.speedMode === mode || state.speedRatio === speedRatio,
  },
  setLight: {
    label: "Light",
    summary: "Switch a light.",
    input: z.strictObject({
      light: z.string().min(1).max(32).meta({ description: "Id of the light, as the state lists it." }),
      on: z.boolean(),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "lights",
    landed: ({ lights }, { light, on }) => lights.find(({ id }) => id === light)?.on === on,
  },
  home: {
    label: "Home",
    summary: "Move axes to their end stops.",
    input: z.strictObject({
      axes: z
        .array(z.enum(["x", "y", "z"]))
        .min(1)
        .max(3)
        .meta({ description: "Axes to home." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "home",
    phases: ready,
  },
  jog: {
    label: "Jog",
    summary: "Move one axis by a distance.",
    input: z.strictObject({
      axis: z.enum(["x", "y", "z"]),
      distanceMillimeters: z.number().min(-500).max(500).meta({ unit: "millimeters" }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: false,
    needs: "jog",
    phases: ready,
  },
  sendGcode: {
    label: "G-code",
    summary: "Send lines of G-code through the safety filter.",
    input: z.strictObject({ lines: z.array(z.string().min(1).max(256)).min(1).max(100) }),
    output: acknowledged,
    effect: "destroys",
    idempotent: false,
    needs: "gcode",
  },
  setAutoRefill: {
    label: "Auto refill",
    summary: "Let the printer go over to another slot of the same filament by itself, or not.",
    input: z.strictObject({ on: z.boolean() }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "autoRefill",
    landed: ({ autoRefill }, { on }) => autoRefill === on,
  },
  runMacro: {
    label: "Macro",
    summary: "Run a macro that the printer's owner has written.",
    input: z.strictObject({ macro: z.string().min(1).max(64).meta({ description: "Name, as list-macros gives it." }) }),
    output: acknowledged,
    effect: "destroys",
    idempotent: false,
    needs: "macros",
  },
  listMacros: {
    label: "Macros",
    summary: "List the macros that can be run.",
    input: nothing,
    output: z.object({ items: z.array(z.object({ name: z.string(), description: z.string().nullable() })) }),
    effect: "observes",
    idempotent: true,
    needs: "macros",
  },
  emergencyStop: {
    label: "Emergency stop",
    summary: "Halt the machine at once: motors and heaters off, the job lost, a restart needed.",
    input: nothing,
    output: acknowledged,
    effect: "destroys",
    idempotent: true,
    needs: "emergencyStop",
  },
  connectPrinter: {
    label: "Connect",
    summary: "Have the printer's host open its serial port to the machine.",
    input: z.strictObject({
      port: z.string().min(1).max(128).optional().meta({ description: "Default: the host's own choice." }),
      baudRate: z.int().min(1200).max(2_000_000).optional(),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "serialPort",
    rare: true,
    landed: ({ phase }) => phase !== "unknown",
  },
  disconnectPrinter: {
    label: "Disconnect",
    summary: "Have the printer's host close its serial port to the machine.",
    input: nothing,
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "serialPort",
    rare: true,
    phases: ready,
    landed: ({ phase }) => phase === "unknown",
  },
  listPorts: {
    label: "Serial ports",
    summary: "List the serial ports and speeds that the printer's host offers.",
    input: nothing,
    output: z.object({
      current: z.string().nullable(),
      ports: z.array(z.string()),
      baudRates: z.array(z.number()),
    }),
    effect: "observes",
    idempotent: true,
    needs: "serialPort",
    rare: true,
  },
  listSystemCommands: {
    label: "System commands",
    summary: "List what the printer's host can be told, such as a restart. Gantry runs none of them.",
    input: nothing,
    output: z.object({ items: z.array(z.object({ name: z.string(), description: z.string().nullable() })) }),
    effect: "observes",
    idempotent: true,
    needs: "system",
  },
  ...fileCommands,
  ...materialCommands,
  ...machineCommands,
  ...cloudCommands,
  refresh: {
    label: "Refresh",
    summary: "Ask the printer for its status now instead of waiting for its next report.",
    input: nothing,
    output: acknowledged,
    effect: "observes",
    idempotent: true,
  },
} as const satisfies Record<string, CommandRow>;

export type CommandName = keyof typeof commands;
export const commandNames = Object.keys(commands) as readonly CommandName[];

/** The row of a command, without the types of its own input. */
export function commandRow(name: CommandName): CommandRow {
  return commands[name];
}

export type CommandInput<Name extends CommandName> = z.output<(typeof commands)[Name]["input"]>;
export type CommandOutput<Name extends CommandName> = (typeof commands)[Name] extends { readonly gives: string }
  ? Media
  : z.output<(typeof commands)[Name]["output"]>;

/** Sent, and the printer stayed silent. */
export interface Unconfirmed {
  readonly outcome: "unconfirmed";
}

/**
 * What a handler says once it is done: the row's output when the printer acknowledged, bytes where
 * the row gives some, or `unconfirmed` when the command went out and the printer stayed silent.
 */
export type CommandResult<Name extends CommandName = CommandName> = CommandOutput<Name> | Unconfirmed;

export function isUnconfirmed(result: object): result is Unconfirmed {
  return "outcome" in result && result.outcome === "unconfirmed";
}

export function isMedia(result: object): result is Media {
  return "mediaType" in result && "content" in result;
}

export interface HandlerOptions {
  /** Ends the wait for the printer; a command that went out is not taken back. */
  readonly signal: AbortSignal;
  /** The file, where the row takes one. */
  readonly file?: FileToSend;
}

/** The handlers of a session, typed from the table. A printer has a command when its handler exists. */
export type CommandHandlers = {
  readonly [Name in CommandName]?: (input: CommandInput<Name>, options: HandlerOptions) => Promise<CommandResult<Name>>;
};

function heaterOf(state: Readings, name: string): Heater | null | undefined {
  if (name === "bed" || name === "chamber") return state[name];
  return state.nozzles.find(({ id }) => `nozzle${id}` === name);
}
