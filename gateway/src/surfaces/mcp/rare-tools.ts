// Two tools for all the rows that are seldom asked for: one tells them with their input, one runs them.
// A tool for each would cost every conversation more context than they are worth.

import * as z from "zod";
import { commandNames, commandRow, type CommandName } from "../../model/commands.ts";
import { snakeCase } from "../../model/naming.ts";
import type { Fleet, Printer } from "../../fleet/fleet.ts";
import { description, runConfirmed, token } from "./command-tools.ts";
import { inputSchema, printerArgument, type Tool } from "./tool.ts";

export const rareToolNames = ["list_more_commands", "run_command"] as const;

const rareCommands = commandNames.filter((name) => commandRow(name).rare === true);

/** Both, or none where no printer has such a command. */
export function rareTools(fleet: Fleet): Tool[] {
  const printers = fleet.list().filter((printer) => rareOf(printer).length > 0);
  if (printers.length === 0) return [];
  const ids = printers.map(({ id }) => id);
  const names = rareCommands.filter((name) => printers.some(({ commands }) => commands.has(name)));
  return [listMoreCommands(fleet, ids), runCommand(fleet, ids, names)];
}

/** The seldom used commands that the printer has. */
export function rareOf({ commands }: Printer): CommandName[] {
  return rareCommands.filter((name) => commands.has(name));
}

function listMoreCommands(fleet: Fleet, ids: readonly string[]): Tool {
  return {
    name: rareToolNames[0],
    title: "More commands",
    description: "The seldom used commands of a printer, each with the input that run_command takes for it.",
    input: z.strictObject({ printer: printerArgument(ids) }),
    output: z.object({
      items: z.array(
        z.object({
          command: z.string(),
          description: z.string(),
          effect: z.enum(["observes", "changes", "destroys"]),
          input: z.looseObject({}).meta({ description: "JSON Schema of the input." }),
        }),
      ),
    }),
    effect: "observes",
    idempotent: true,
    run: async ({ printer }) => ({ items: rareOf(fleet.get(String(printer))).map((name) => told(name)) }),
  };
}

function told(name: CommandName) {
  const row = commandRow(name);
  const { effect } = row;
  return { command: snakeCase(name), description: description(row), effect, input: inputSchema(row.input) };
}

function runCommand(fleet: Fleet, ids: readonly string[], names: readonly CommandName[]): Tool {
  const byName = new Map(names.map((name) => [snakeCase(name), name]));
  const effects = new Set(names.map((name) => commandRow(name).effect));
  const asks = effects.has("destroys");
  return {
    name: rareToolNames[1],
    title: "Run a command",
    description: `Runs one of the commands that list_more_commands tells.${
      asks ? " What cannot be undone is confirmed first, as it is for the other tools." : ""
    }`,
    input: z.strictObject({
      printer: printerArgument(ids),
      command: z.enum([...byName.keys()]).meta({ description: "As list_more_commands gives it." }),
      input: z.looseObject({}).default({}).meta({ description: "Its input; left out: none." }),
      ...(asks ? { confirmation_token: token } : {}),
    }),
    output: z.looseObject({}),
    effect: asks ? "destroys" : effects.has("changes") ? "changes" : "observes",
    idempotent: false,
    run: async ({ printer, command, input, confirmation_token }, call) => {
      const name = byName.get(String(command)) as CommandName;
      const given = input as Readonly<Record<string, unknown>>;
      return runConfirmed(
        fleet,
        { printer: String(printer), command: name, input: given, token: confirmation_token },
        call,
      );
    },
  };
}
