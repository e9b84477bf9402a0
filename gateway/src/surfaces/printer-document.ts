// A printer as JSON, and the schema of that: what REST, SSE and MCP show of one machine.

import * as z from "zod";
import { PrinterError } from "../model/errors.ts";
import { capabilities } from "../model/capabilities.ts";
import { commandNames } from "../model/commands.ts";
import { stateDocument, stateSchema, type JsonObject } from "../model/document.ts";
import { kebabCase } from "../model/naming.ts";
import type { CameraHub } from "../camera/hub.ts";
import type { Fleet, Printer } from "../fleet/fleet.ts";

export const stateJsonSchema = stateSchema();

const known = (summary: string) =>
  z
    .string()
    .nullable()
    .meta({ description: `${summary}; null until it has told.` });

export const printerJsonSchema = z.object({
  id: z.string().meta({ description: "The printer's id in the inventory." }),
  name: z.string().meta({ description: "Its name, free text." }),
  family: z.string().meta({ description: "The protocol kin it belongs to." }),
  model: known("Model as the machine names it"),
  firmware: known("Version of its firmware"),
  serial: known("Serial number"),
  control: z.boolean().meta({ description: "Whether the inventory allows changing commands." }),
  capabilities: z.array(z.enum(capabilities)).meta({ description: "What the machine has." }),
  commands: z
    .array(z.enum(commandNames.map((name) => kebabCase(name))))
    .meta({ description: "The commands that can be asked of it." }),
  unavailable: z
    .array(z.object({ command: z.string(), retryable: z.boolean(), reason: z.string() }))
    .meta({ description: "Commands that this machine or its firmware refuses, for good or just now, and why." }),
  state: stateJsonSchema,
});

/** What a printer is, without its state. */
export function identityDocument(printer: Printer): JsonObject {
  const { id, name, family, identity, control } = printer;
  return {
    id,
    name,
    family,
    model: identity.model,
    firmware: identity.firmware,
    serial: identity.serial,
    control,
    capabilities: [...printer.has].toSorted(),
    commands: commandNames.filter((command) => printer.commands.has(command)).map((command) => kebabCase(command)),
    unavailable: [...printer.unavailable].map(([command, { retry, reason }]) => ({
      command: kebabCase(command),
      retryable: retry === "later",
      reason,
    })),
  };
}

export function printerState(printer: Printer): JsonObject {
  return stateDocument(printer.state, printer.has);
}

export function printerDocument(printer: Printer): JsonObject {
  return { ...identityDocument(printer), state: printerState(printer) };
}

/** The camera of a printer; undefined where it has none. */
export function cameraOf(fleet: Fleet, id: string): CameraHub | undefined {
  try {
    return fleet.camera(id);
  } catch (error) {
    if (error instanceof PrinterError && error.code === "not_found") return undefined;
    throw error;
  }
}
