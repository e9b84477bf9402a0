// Commands over HTTP. One route for all of them: which there are is the table's word, and
// whether one may run now is the word of the fleet's gate.

import { pipeline } from "node:stream/promises";
import express, { type Request, type RequestHandler, type Response } from "express";
import type { CommandAnswer, Fleet } from "../../fleet/fleet.ts";
import { commandNames, type CommandName, type Media } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { kebabCase } from "../../model/naming.ts";
import { parameter, query, requestSignal, type Route } from "../route.ts";

export const commandPath = "/api/v1/printers/{id}/commands/{name}";

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
      const signal = requestSignal(response, surface);
      const asked = { printer, command, input: input(request), surface: "rest", dryRun, signal } as const;
      await sendAnswer(response, await fleet.dispatch(asked));
    },
  };
}

/** 200 with the output or the bytes, 202 where the printer stayed silent. */
export async function sendAnswer(response: Response, answer: CommandAnswer): Promise<void> {
  switch (answer.kind) {
    case "output":
      response.json(answer.output);
      return;
    case "unconfirmed":
    case "dry_run":
      response.status(answer.kind === "unconfirmed" ? 202 : 200).json({ outcome: answer.kind });
      return;
    case "media":
      return sendMedia(response, answer.media);
  }
}

async function sendMedia(response: Response, { mediaType, sizeBytes, content }: Media): Promise<void> {
  response.type(mediaType).set("Cache-Control", "no-store");
  if (sizeBytes !== null) response.set("Content-Length", String(sizeBytes));
  await pipeline(content, response);
}

function commandOf(path: string, printer: string): CommandName {
  const name = byPath.get(path);
  if (name !== undefined) return name;
  const words = `there is no command ${JSON.stringify(path)}; the commands are ${[...byPath.keys()].join(", ")}`;
  throw new PrinterError("not_found", words, { printer });
}

/** A misspelt `dryRun` would do the real thing, so the query may hold nothing else. */
function dryRunOf(request: Request): boolean {
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
