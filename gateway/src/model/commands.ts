// THE table of commands: everything Gantry can ask of a printer, written once. Description only;
// a family's session carries the handlers, and fleet/dispatch.ts is the one gate in front of them.

import * as z from "zod";
import type { Capability } from "./capabilities.ts";
import type { Phase } from "./printer.ts";

/** `observes` changes nothing, `changes` can be taken back, `destroys` cannot and is asked twice. */
export type Effect = "observes" | "changes" | "destroys";

export interface CommandRow {
  readonly label: string;
  /** One sentence. */
  readonly summary: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly effect: Effect;
  /** Repeating it lands the same state. */
  readonly idempotent: boolean;
  readonly needs?: Capability;
  /** When it is possible; left out: always. */
  readonly phases?: readonly Phase[];
}

const nothing = z.strictObject({});

/** The printer acknowledged. What came of it shows in the state. */
const acknowledged = z.strictObject({ outcome: z.literal("acknowledged") });

const ready = ["idle", "finished", "stopped", "failed"] as const satisfies readonly Phase[];

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
  },
  start: {
    label: "Start",
    summary: "Print a file that is stored on the printer. The bed must be clear: the machine heats and moves at once.",
    input: z.strictObject({
      file: z.string().min(1).max(255).meta({ description: "Name of the stored file, as the file list gives it." }),
      levelBed: z.boolean().default(false).meta({ description: "Level the bed first." }),
      timelapse: z.boolean().default(false).meta({ description: "Record a time-lapse." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: false,
    needs: "start",
    phases: ready,
  },
  setHeaterTarget: {
    label: "Heater target",
    summary: "Heat a part to a temperature; 0 switches it off.",
    input: z.strictObject({
      heater: z
        .string()
        .regex(/^(nozzle\d|bed|chamber)$/u)
        .meta({ description: "nozzle0, nozzle1, bed or chamber." }),
      targetCelsius: celsius(350).meta({ unit: "celsius", description: "Target temperature, °C." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "heaters",
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
export type CommandOutput<Name extends CommandName> = z.output<(typeof commands)[Name]["output"]>;

/**
 * What a handler says once it is done: the row's output when the printer acknowledged, or
 * `unconfirmed` when the command went out and the printer stayed silent.
 */
export type CommandResult<Name extends CommandName = CommandName> = CommandOutput<Name> | { outcome: "unconfirmed" };

/** The handlers of a session, typed from the table. A printer has a command when its handler exists. */
export type CommandHandlers = {
  readonly [Name in CommandName]?: (
    input: CommandInput<Name>,
    options: { signal: AbortSignal },
  ) => Promise<CommandResult<Name>>;
};
