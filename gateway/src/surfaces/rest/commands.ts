// Commands over HTTP. One route for all of them: which there are is the table's word, and
// whether one may run now is the word of the fleet's gate.

import express, { type Request, type RequestHandler } from "express";
import type { Fleet } from "../../fleet/fleet.ts";
import { commandNames, type CommandName } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { kebabCase } from "../../model/naming.ts";
import { parameter, query, requestSignal, type Route } from "../route.ts";
import { omission, type Omission } from "../surface.ts";
import { askAndAnswer } from "./answer.ts";

export const commandPath = "/api/v1/printers/{id}/commands/{name}";

/** Rows without a path of this kind. They can be asked here as a dry run only. */
export const omits: readonly Omission[] = [
  {
    reason: "send the file itself as the body: PUT /api/v1/printers/{id}/files/{name}",
    applies: ({ takesFile }) => takesFile === true,
  },
];

const bodyLimitBytes = 1024 * 1024;

/** Reads the body as it came, whatever its type says; what is allowed is judged in `input`. */
export const readBody: RequestHandler = express.raw({ type: () => true, limit: bodyLimitBytes });

const byPath = new Map<string, CommandName>(commandNames.map((name) => [kebabCase(name), name]));

export function commandRoute(fleet: Fleet, surface: AbortSignal): Route {
  return {
    method: "post",
    path: commandPath,
    operationId: "runCommand",
    summary: "Asks a command of a printer.",
    answers: {},
    handle: async (request, response) => {
      const printer = parameter(request, "id");
      fleet.get(printer);
      const command = commandOf(parameter(request, "name"), printer);
      const dryRun = dryRunOf(request);
      const reason = dryRun ? undefined : omission(omits, command);
      if (reason !== undefined) throw new PrinterError("invalid_input", reason, { printer });
      const signal = requestSignal(response, surface);
      const asked = { printer, command, input: input(request), surface: "rest", dryRun, signal } as const;
      await askAndAnswer(fleet, asked, response);
    },
  };
}

function commandOf(path: string, printer: string): CommandName {
  const name = byPath.get(path);
  if (name !== undefined) return name;
  const words = `there is no command ${JSON.stringify(path)}; the commands are ${[...byPath.keys()].join(", ")}`;
  throw new PrinterError("not_found", words, { printer });
}

/** A misspelt `dryRun` would do the real thing, so the query may hold nothing else; else `invalid_input`. */
export function dryRunOf(request: Request): boolean {
  const unknown = Object.keys(request.query).find((name) => name !== "dryRun");
  if (unknown !== undefined) {
    throw new PrinterError("invalid_input", `the query takes dryRun only, not ${JSON.stringify(unknown)}`);
  }
  const value = query(request, "dryRun") ?? "false";
  if (value === "true" || value === "false") return value === "true";
  throw new PrinterError("invalid_input", "dryRun takes true or false");
}

function input(request: Request): unknown {
  const body: unknown = request.body;
  if (!(body instanceof Uint8Array) || body.byteLength === 0) return {};
  if (request.is("application/json") !== "application/json") {
    throw new PrinterError("file_type", "send the input as application/json");
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown;
  } catch (error) {
    const message = error instanceof SyntaxError ? error.message : "it is not UTF-8";
    throw new PrinterError("invalid_input", "the body is not JSON", { problems: [{ pointer: "", message }] });
  }
}
