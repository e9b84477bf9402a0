// Tools that only look: which printers there are, how they are, what their cameras see.

import * as z from "zod";
import { stateDocument, stateSchema } from "../../model/document.ts";
import { snakeCase } from "../../model/naming.ts";
import { telemetry } from "../../model/telemetry.ts";
import type { Fleet, Printer } from "../../fleet/fleet.ts";
import { cameraOf, identityDocument, printerJsonSchema, printerState, stateJsonSchema } from "../printer-document.ts";
import { toolCommands } from "./command-tools.ts";
import { rareOf, rareToolNames } from "./rare-tools.ts";
import { printerArgument, type Tool } from "./tool.ts";

/** The rows a glance at a printer shows: those of first importance that do not repeat. */
const glance = telemetry.filter((point) => point.role === "primary" && point.per === undefined);

const snapshotMaxAgeMs = 2000;
const snapshotTimeoutMs = 10_000;

export function readingTools(fleet: Fleet): Tool[] {
  const ids = fleet.list().map(({ id }) => id);
  const withCamera = ids.filter((id) => cameraOf(fleet, id) !== undefined);
  return [
    listPrinters(fleet),
    getState(fleet, ids),
    ...(withCamera.length === 0 ? [] : [getSnapshot(fleet, withCamera)]),
  ];
}

function listPrinters(fleet: Fleet): Tool {
  const item = printerJsonSchema.omit({ state: true, commands: true }).extend({
    tools: z.array(z.string()).meta({ description: "The command tools that take this printer." }),
    summary: stateSchema(glance).meta({ description: "The state at a glance; get_state tells all of it." }),
  });
  const document = (printer: Printer) => {
    const { commands: _commands, ...identity } = identityDocument(printer);
    const own = toolCommands.filter((name) => printer.commands.has(name)).map((name) => snakeCase(name));
    const tools = rareOf(printer).length === 0 ? own : [...own, ...rareToolNames];
    return { ...identity, tools, summary: stateDocument(printer.state, printer.has, glance) };
  };
  return {
    name: "list_printers",
    title: "List printers",
    description: "The printers: ids, what they are, what they can do, and what each is doing now.",
    input: z.strictObject({}),
    output: z.object({ items: z.array(item) }),
    effect: "observes",
    idempotent: true,
    run: async () => ({ items: fleet.list().map((printer) => document(printer)) }),
  };
}

function getState(fleet: Fleet, ids: readonly string[]): Tool {
  const one = printerArgument(ids).optional();
  return {
    name: "get_state",
    title: "Get state",
    description:
      "The whole state of one printer, or of all when no printer is named. null is unknown, a ratio is 0 to 1.",
    input: z.strictObject(ids.length === 0 ? {} : { printer: one }),
    output: z.object({ items: z.array(stateJsonSchema) }),
    effect: "observes",
    idempotent: true,
    run: async ({ printer }) => {
      const printers = typeof printer === "string" ? [fleet.get(printer)] : fleet.list();
      return { items: printers.map((one) => printerState(one)) };
    },
  };
}

function getSnapshot(fleet: Fleet, ids: readonly string[]): Tool {
  return {
    name: "get_snapshot",
    title: "Get snapshot",
    description: "A picture of what the printer's camera sees now.",
    input: z.strictObject({ printer: printerArgument(ids) }),
    effect: "observes",
    idempotent: true,
    run: async ({ printer }, { signal, admit }) => {
      using _admission = admit(String(printer));
      const hub = fleet.camera(String(printer));
      const { jpeg } = await hub.snapshot({ maxAgeMs: snapshotMaxAgeMs, timeoutMs: snapshotTimeoutMs, signal });
      return { picture: jpeg, mediaType: "image/jpeg" };
    },
  };
}
