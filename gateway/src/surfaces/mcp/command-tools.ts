// One tool per row of the command table that some printer has. What destroys is confirmed first:
// by the user where the client can ask, else by a second call that bears a token.

import * as z from "zod";
import type { CommandRow } from "../../model/command-row.ts";
import { commandNames, commandRow, type CommandName } from "../../model/commands.ts";
import type { JsonObject } from "../../model/document.ts";
import { PrinterError } from "../../model/errors.ts";
import { snakeCase } from "../../model/naming.ts";
import type { CommandAnswer, Fleet, Printer } from "../../fleet/fleet.ts";
import { omission, type Omission } from "../surface.ts";
import { tokenSeconds } from "./tokens.ts";
import { printerArgument, type Tool, type ToolCall, type ToolResult } from "./tool.ts";

/** A picture is carried in one message. */
const maxPictureBytes = 2 * 1024 * 1024;

/** Rows without a tool. */
const omits: readonly Omission[] = [
  {
    reason: "a file is no content for a message; it goes over HTTP: PUT /api/v1/printers/{id}/files/{name}",
    applies: ({ takesFile }) => takesFile === true,
  },
  {
    reason: "a file is no content for a message; it comes over HTTP: GET /api/v1/printers/{id}/files/{name}",
    applies: ({ gives }) => gives === "file",
  },
  {
    reason: "it is seldom asked for: call run_command with it; list_more_commands tells its input",
    applies: ({ rare }) => rare === true,
  },
  {
    reason: "it lists what Gantry does not run",
    applies: ({ needs }) => needs === "system",
  },
  {
    reason: "it is for the printer's own panel; over HTTP it is a command like any other",
    applies: ({ needs }) => needs === "fileSelection" || needs === "heaterOffsets",
  },
];

/** Why the command has no tool, and what to do instead; undefined where it has one. */
export function withoutTool(command: CommandName): string | undefined {
  return omission(omits, command);
}

export const toolCommands: readonly CommandName[] = commandNames.filter((name) => withoutTool(name) === undefined);

export function commandTools(fleet: Fleet): Tool[] {
  return toolCommands.flatMap((name) => {
    const printers = fleet.list().filter((printer) => printer.commands.has(name));
    return printers.length === 0 ? [] : [commandTool(fleet, name, printers)];
  });
}

function commandTool(fleet: Fleet, command: CommandName, printers: readonly Printer[]): Tool {
  const row = commandRow(command);
  return {
    name: snakeCase(command),
    title: row.label,
    description: description(row),
    input: z.strictObject({
      printer: printerArgument(printers.map(({ id }) => id)),
      ...row.input.shape,
      ...(row.effect === "destroys" ? { confirmation_token: token } : {}),
    }),
    ...(row.gives === undefined ? { output: output(row) } : {}),
    effect: row.effect,
    idempotent: row.idempotent,
    run: async ({ printer, confirmation_token, ...input }, call) =>
      runConfirmed(fleet, { printer: String(printer), command, input, token: confirmation_token }, call),
  };
}

interface Asked {
  readonly printer: string;
  readonly command: CommandName;
  readonly input: Readonly<Record<string, unknown>>;
  /** The confirmation_token, where one was given. */
  readonly token: unknown;
}

/** Asks before what destroys, then does it. @throws PrinterError as Fleet.dispatch says */
export async function runConfirmed(
  fleet: Fleet,
  { printer, command, input, token: given }: Asked,
  call: ToolCall,
): Promise<ToolResult> {
  const row = commandRow(command);
  const request = { printer, command, input, surface: "mcp" } as const;
  if (row.effect === "destroys") {
    // Checked before anyone is asked, so that no question is put about the impossible.
    await fleet.dispatch({ ...request, dryRun: true });
    const refusal = await confirmed(fleet.get(printer), command, input, given, call);
    if (refusal !== undefined) return refusal;
  }
  const done = new AbortController();
  try {
    const signal = AbortSignal.any([call.signal, done.signal]);
    return await toolResult(row, await fleet.dispatch({ ...request, signal }));
  } finally {
    done.abort(); // a picture that was not read to its end is ended at the printer
  }
}

async function toolResult({ output: promised }: CommandRow, answer: CommandAnswer): Promise<ToolResult> {
  switch (answer.kind) {
    case "output":
      return answer.output;
    case "unconfirmed":
      // What was to be read was not read; only what may have been done can be left open.
      if (!tellsOutcome(promised)) throw new PrinterError("timeout", "the printer did not answer; try again");
      return { outcome: answer.kind };
    case "dry_run":
      return { outcome: answer.kind };
    case "media": {
      const { mediaType, content } = answer.media;
      if (!mediaType.startsWith("image/")) {
        throw new PrinterError("protocol", `the printer gave ${JSON.stringify(mediaType)} in place of a picture`);
      }
      return { picture: await bytesOf(content), mediaType };
    }
  }
}

/** Whether a row says what was done; the others say what was read. */
function tellsOutcome({ shape }: z.ZodObject): boolean {
  return "outcome" in shape;
}

async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > maxPictureBytes) throw new PrinterError("file_too_large", "the picture is too large to be shown here");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export const token = z
  .string()
  .max(64)
  .optional()
  .meta({ description: "The confirmation_token of a first call with the same arguments; leave it out at first." });

export function description({ summary, phases, effect }: CommandRow): string {
  const when = phases === undefined ? "" : ` Possible while the printer is ${phases.join(", ")}.`;
  const asks =
    effect === "destroys"
      ? " It is confirmed first: by the user, or else by calling again with the confirmation_token of the first answer."
      : "";
  return `${summary}${when}${asks}`;
}

/** What the row promises; of what was done also that the printer stayed silent, or that a confirmation is wanted. */
function output({ output: promised, effect }: CommandRow): z.ZodObject {
  if (!tellsOutcome(promised)) return promised;
  const asks = effect === "destroys";
  const outcomes = ["acknowledged", "unconfirmed", ...(asks ? ["confirmation_required", "declined"] : [])];
  const meaning = "unconfirmed: sent, but the printer stayed silent; read its state.";
  return z.object({
    outcome: z.enum(outcomes).meta({ description: meaning }),
    ...(asks ? confirmation : {}),
  });
}

const confirmation = {
  message: z.string().optional(),
  confirmation_token: z.string().optional(),
  expiresInSeconds: z.number().optional(),
};

/** undefined to go ahead, else what to answer instead. */
async function confirmed(
  printer: Printer,
  command: CommandName,
  input: object,
  given: unknown,
  { ask, tokens }: ToolCall,
): Promise<JsonObject | undefined> {
  const question = questionOf(printer, command, input);
  const answer = await ask(question);
  if (answer === true) return undefined;
  if (answer === false) return { outcome: "declined", message: "the user declined; nothing was sent" };
  // Bound to the job too: a token for this job must not end the next one.
  const purpose = JSON.stringify([command, printer.id, input, printer.state.job?.id, printer.state.job?.file]);
  if (typeof given === "string") {
    if (tokens.redeem(given, purpose)) return undefined;
    const words = "that confirmation_token is unknown, used, out of time or for something else; call again without one";
    throw new PrinterError("invalid_input", words, { printer: printer.id });
  }
  return {
    outcome: "confirmation_required",
    message: `${question} Nothing was sent yet. If that is wanted, call again with the same arguments and this token.`,
    confirmation_token: tokens.issue(purpose),
    expiresInSeconds: tokenSeconds,
  };
}

function questionOf({ id, name, state }: Printer, command: CommandName, input: object): string {
  const { label, summary } = commandRow(command);
  const file = state.job?.file ?? undefined;
  const job = file === undefined ? "" : ` Its job is ${JSON.stringify(file)}.`;
  const details = Object.keys(input).length === 0 ? "" : ` With ${JSON.stringify(input)}.`;
  return `${label} on ${JSON.stringify(name)} (${id}): ${summary}${job}${details}`;
}
