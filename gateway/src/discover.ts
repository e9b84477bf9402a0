// `main.ts discover`: looks for printers of every family that can be looked for, and writes what it
// found as entries ready for config/printers.yaml. Wiring and text; the looking is the families'.

import { systemClock } from "@gantry/platform/clock";
import { createLog } from "@gantry/platform/log";
import type { Families, FoundPrinter } from "./families/family.ts";
import { PrinterError } from "./model/errors.ts";

interface Output {
  write(text: string): unknown;
}

export interface DiscoverCommand {
  readonly families: Families;
  /** After the verb: networks in CIDR notation. */
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Returns the exit code: 0 found, 1 nothing found, 2 for a network that is none. */
export async function runDiscover({ families, args, signal, stdout, stderr }: DiscoverCommand): Promise<number> {
  const log = createLog({ level: "warn" });
  const taken = new Set<string>();
  stderr.write("Looking for printers; this takes some seconds.\n");
  try {
    for (const [id, family] of Object.entries(families)) {
      for await (const found of family.discover?.({ networks: args, clock: systemClock, log, signal }) ?? []) {
        if (taken.size === 0) stdout.write("printers:\n");
        stdout.write(entryOf(found, id, freeId(found.name, taken)));
      }
    }
  } catch (error) {
    if (!(error instanceof PrinterError) || error.code !== "invalid_input") throw error;
    stderr.write(`${error.message}\n`);
    return 2;
  }
  if (taken.size > 0) return 0;
  stderr.write(
    "No printer was found. Broadcasts do not reach into containers or other networks: name the network, as in\n",
  );
  stderr.write("  discover 192.168.1.0/24\n");
  return 1;
}

/** YAML. What is missing stands there empty, so that the inventory's check asks for it. */
function entryOf({ name, connection, missing, notes }: FoundPrinter, family: string, id: string): string {
  const lines = [
    `  # ${notes.join(", ")}`,
    `  - id: ${id}`,
    `    name: ${JSON.stringify(name)}`,
    `    family: ${family}`,
    "    connection:",
    ...Object.entries(connection).map(([key, value]) => `      ${key}: ${JSON.stringify(value)}`),
    ...Object.entries(missing).map(([key, where]) => `      ${key}: "" # ${where}`),
  ];
  return `${lines.join("\n")}\n`;
}

function freeId(name: string, taken: Set<string>): string {
  const wished = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replaceAll(/^-+|-+$/gu, "")
    .slice(0, 28);
  const base = wished === "" ? "printer" : wished;
  let id = base;
  for (let count = 2; taken.has(id); count += 1) id = `${base}-${count}`;
  taken.add(id);
  return id;
}
