// THE table of commands: everything Gantry can ask of a printer, written once. Description only;
// a family's session carries the handlers, and fleet/dispatch.ts is the one gate in front of them.

import * as z from "zod";
import type { Capability } from "./capabilities.ts";
import type { Heater, Phase, Readings } from "./printer.ts";

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
  /** It takes a file besides its input; surfaces that carry no files leave it out. */
  readonly takesFile?: boolean;
  /** It gives bytes in place of an output: a picture, which any surface can show, or a whole file. */
  readonly gives?: "picture" | "file";
  /** Whether the state shows that it has come about. Left out: there is nothing to see. */
  readonly landed?: (state: Readings, input: Readonly<Record<string, unknown>>) => boolean;
}

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

const nothing = z.strictObject({});

/** The printer acknowledged. What came of it shows in the state. */
const acknowledged = z.strictObject({ outcome: z.literal("acknowledged") });

const ready = ["idle", "finished", "stopped", "failed"] as const satisfies readonly Phase[];

const file = z
  .string()
  .min(1)
  .max(255)
  .refine((name) => !name.split("/").includes("..") && !/\p{Cc}/u.test(name), {
    error: "a name without .. and control characters",
  })
  .meta({ description: "Name of the stored file, as the file list gives it." });

const instant = z.iso.datetime().nullable();

const storedFile = z.object({
  name: z.string().meta({ description: "What `start` takes; folders before it with slashes." }),
  sizeBytes: z.number().nullable(),
  modifiedAt: instant,
  estimatedSeconds: z.number().nullable().optional().meta({ unit: "seconds", description: "Estimated print time." }),
  layers: z.number().nullable().optional(),
  filamentGrams: z.number().nullable().optional().meta({ unit: "grams" }),
});
export type StoredFile = z.output<typeof storedFile>;

const pastJob = z.object({
  id: z.string(),
  file: z.string().nullable(),
  result: z.enum(["running", "finished", "failed", "cancelled", "unknown"]),
  reason: z.string().nullable().meta({ description: "Why it failed, in words." }),
  startedAt: instant,
  endedAt: instant,
  layers: z.number().nullable().meta({ description: "Layers that were printed." }),
});
export type PastJob = z.output<typeof pastJob>;

const timelapse = z.object({
  id: z.string().meta({ description: "What `download-timelapse` takes." }),
  file: z.string().nullable(),
  status: z.enum(["ready", "making", "failed", "deleted"]),
  recordedAt: instant,
});
export type Timelapse = z.output<typeof timelapse>;

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
      file,
      levelBed: z.boolean().default(false).meta({ description: "Level the bed first." }),
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
  listFiles: {
    label: "Files",
    summary: "List the files stored on the printer.",
    input: nothing,
    output: z.object({ items: z.array(storedFile) }),
    effect: "observes",
    idempotent: true,
    needs: "files",
  },
  uploadFile: {
    label: "Upload",
    summary: "Store a file on the printer; one of the same name is replaced.",
    input: z.strictObject({ file }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "upload",
    takesFile: true,
  },
  selectFile: {
    label: "Select file",
    summary: "Make a stored file the one that the printer's own start button prints; nothing moves.",
    input: z.strictObject({ file }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "fileSelection",
    phases: ready,
  },
  deleteFile: {
    label: "Delete file",
    summary: "Delete a stored file for good.",
    input: z.strictObject({ file }),
    output: acknowledged,
    effect: "destroys",
    idempotent: true,
    needs: "files",
  },
  downloadFile: {
    label: "Download",
    summary: "Read a stored file.",
    input: z.strictObject({ file }),
    output: nothing,
    effect: "observes",
    idempotent: true,
    needs: "files",
    gives: "file",
  },
  getThumbnail: {
    label: "Thumbnail",
    summary: "Show the picture of the sliced model that a stored file carries.",
    input: z.strictObject({ file }),
    output: nothing,
    effect: "observes",
    idempotent: true,
    needs: "thumbnails",
    gives: "picture",
  },
  listHistory: {
    label: "History",
    summary: "List the jobs the printer remembers, the newest first.",
    input: z.strictObject({ limit: z.int().min(1).max(50).default(20) }),
    output: z.object({ items: z.array(pastJob) }),
    effect: "observes",
    idempotent: true,
    needs: "history",
  },
  listTimelapses: {
    label: "Time-lapses",
    summary: "List the time-lapse videos the printer has recorded.",
    input: nothing,
    output: z.object({ items: z.array(timelapse) }),
    effect: "observes",
    idempotent: true,
    needs: "timelapses",
  },
  downloadTimelapse: {
    label: "Download time-lapse",
    summary: "Read a time-lapse video.",
    input: z.strictObject({ id: z.string().min(1).max(255) }),
    output: nothing,
    effect: "observes",
    idempotent: true,
    needs: "timelapses",
    gives: "file",
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
