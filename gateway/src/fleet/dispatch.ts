// The one gate in front of every command: control, capability, phase, bounds, deadline, audit line.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { Session } from "../families/family.ts";
import { commandRow, type CommandName, type CommandResult } from "../model/commands.ts";
import { PrinterError } from "../model/errors.ts";
import { invalidInput } from "../model/invalid-input.ts";
import type { CommandRequest, FleetEvent, Printer } from "./fleet.ts";
import type { Store } from "./store.ts";

/** The longest any command may take; families have shorter deadlines of their own. */
const commandMs = 60_000;

export interface DispatchOptions {
  readonly store: Store;
  readonly session: (printer: string) => Session | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Checks the request, hands it to the session's handler and tells the audit log how it went.
 * @throws PrinterError as Fleet.dispatch says; nothing was sent unless its code is
 *   `printer_refused`, `timeout`, `unreachable` or `aborted`
 */
export async function dispatch(request: CommandRequest, options: DispatchOptions): Promise<CommandResult> {
  const { store, clock, log } = options;
  const began = clock.monotonic();
  const { printer, command, surface } = request;
  const tell = (result: CommandNews["result"]): void => {
    const seconds = (clock.monotonic() - began) / 1000;
    store.emit({ type: "command", printer, command, surface, result, seconds });
    log.info("command", { printer, command, surface, result, seconds });
  };
  try {
    const result = await run(request, options);
    tell(request.dryRun === true ? "dry_run" : result.outcome);
    return result;
  } catch (thrown) {
    const error = PrinterError.from(thrown, printer);
    tell(error.code);
    throw error;
  }
}

async function run(request: CommandRequest, { store, session, clock }: DispatchOptions): Promise<CommandResult> {
  const printer = store.get(request.printer);
  const { command } = request;
  allowed(printer, command);
  const input = checkedInput(command, request.input);
  const open = session(printer.id);
  if (open === undefined) throw new PrinterError("unreachable", printer.state.reason ?? "the printer is reconnecting");
  const handler = open.handlers[command] as Handler | undefined;
  if (handler === undefined || !printer.commands.has(command)) throw unsupported(printer, command);
  inPhase(printer, command);
  if (request.dryRun === true) return { outcome: "acknowledged" };
  const limit = new AbortController();
  const signal = request.signal === undefined ? limit.signal : AbortSignal.any([request.signal, limit.signal]);
  const finished = new AbortController();
  const late = new PrinterError("timeout", "the printer took too long; read its state before trying again");
  clock.wait(commandMs, finished.signal).then(
    () => limit.abort(late),
    () => undefined, // it finished in time
  );
  try {
    return await handler(input, { signal });
  } finally {
    finished.abort();
  }
}

type CommandNews = Extract<FleetEvent, { type: "command" }>;

/** A handler whose input has passed its row's schema. */
type Handler = (input: unknown, options: { signal: AbortSignal }) => Promise<CommandResult>;

function allowed(printer: Printer, command: CommandName): void {
  if (printer.control || commandRow(command).effect === "observes") return;
  const words = `control is off for "${printer.id}": set \`control: true\` in its inventory entry to allow commands`;
  throw new PrinterError("control_disabled", words);
}

function checkedInput(command: CommandName, input: unknown): unknown {
  const checked = commandRow(command).input.safeParse(input ?? {});
  if (checked.success) return checked.data;
  throw invalidInput(checked.error);
}

function unsupported(printer: Printer, command: CommandName): PrinterError {
  const model = printer.identity.model ?? "this printer";
  return new PrinterError("unsupported", `${model} has no command "${command}"`);
}

function inPhase(printer: Printer, command: CommandName): void {
  const { phases } = commandRow(command);
  const { phase } = printer.state;
  if (phases === undefined || phases.includes(phase)) return;
  const words = `not possible while the printer is ${phase}; possible while it is ${phases.join(", ")}`;
  throw new PrinterError("wrong_phase", words);
}
