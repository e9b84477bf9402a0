// The one gate in front of every command: control, capability, phase, bounds, deadline, audit line.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { Session } from "../families/family.ts";
import {
  commandRow,
  isMedia,
  isUnconfirmed,
  type CommandName,
  type HandlerOptions,
  type Media,
  type Unconfirmed,
} from "../model/commands.ts";
import type { JsonObject } from "../model/document.ts";
import { PrinterError } from "../model/errors.ts";
import { invalidInput } from "../model/invalid-input.ts";
import { CommandProgress } from "./command-progress.ts";
import type { CommandAnswer, CommandRequest, FleetEvent, Printer } from "./fleet.ts";
import type { Store } from "./store.ts";

/**
 * The longest any command may take; families have shorter deadlines of their own. A start may read a
 * whole project from a printer that gives 100 KB/s, and then wait three minutes for its answer.
 */
const commandMs = 600_000;
/** The same for one that carries a file: a gigabyte over a slow Wi-Fi. */
const transferMs = 3_600_000;

type Input = Readonly<Record<string, unknown>>;

export interface DispatchOptions {
  readonly store: Store;
  readonly session: (printer: string) => Session | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Checks the request, hands it to the session's handler and tells how it went: the audit log, the
 * metrics, and in steps (sent, acknowledged, seen in the state) those who listen for events.
 * @throws PrinterError as Fleet.dispatch says; nothing was sent unless its code is
 *   `printer_refused`, `timeout`, `unreachable` or `aborted`
 */
export async function dispatch(request: CommandRequest, options: DispatchOptions): Promise<CommandAnswer> {
  const { store, clock, log } = options;
  const began = clock.monotonic();
  const { printer, command, surface } = request;
  const tell = (result: CommandNews["result"]): void => {
    const seconds = (clock.monotonic() - began) / 1000;
    store.emit({ type: "command", printer, command, surface, result, seconds });
    log.info("command", { printer, command, surface, result, seconds });
  };
  try {
    const answer = await run(request, options);
    tell(answer.kind === "output" || answer.kind === "media" ? "acknowledged" : answer.kind);
    return answer;
  } catch (thrown) {
    const error = PrinterError.from(thrown, printer);
    tell(error.code);
    throw error;
  }
}

async function run(request: CommandRequest, options: DispatchOptions): Promise<CommandAnswer> {
  const { store, session, clock } = options;
  const printer = store.get(request.printer);
  const { command } = request;
  allowed(printer, command);
  const input = checkedInput(command, request.input);
  checkFile(printer, request, input);
  const open = session(printer.id);
  if (open === undefined) throw new PrinterError("unreachable", printer.state.reason ?? "the printer is reconnecting");
  const handler = open.handlers[command] as Handler | undefined;
  const unavailable = printer.unavailable.get(command);
  if (unavailable !== undefined) {
    throw new PrinterError(unavailable.retry === "later" ? "wrong_phase" : "unsupported", unavailable.reason);
  }
  if (handler === undefined || !printer.commands.has(command)) throw unsupported(printer, command);
  inPhase(printer, command);
  if (request.dryRun === true) return { kind: "dry_run" };
  const progress = new CommandProgress(printer.id, command, input, { store, clock });
  const limitMs = commandRow(command).takesFile === true ? transferMs : commandMs;
  await using limit = timeLimit(limitMs, request.signal, clock);
  progress.sent();
  const file = request.file === undefined ? {} : { file: request.file };
  const result = await handler(input, { signal: limit.signal, ...file });
  if (isMedia(result)) return { kind: "media", media: result };
  if (isUnconfirmed(result)) {
    progress.unconfirmed("the printer did not answer; read its state before trying again");
    return { kind: "unconfirmed" };
  }
  progress.acknowledged();
  return { kind: "output", output: result };
}

/** A signal that ends with the caller's own, or after `ms`. Dispose forgets the time. */
function timeLimit(
  ms: number,
  signal: AbortSignal | undefined,
  clock: Clock,
): AsyncDisposable & { readonly signal: AbortSignal } {
  const limit = new AbortController();
  const finished = new AbortController();
  const late = new PrinterError("timeout", "the printer took too long; read its state before trying again");
  clock.wait(ms, finished.signal).then(
    () => limit.abort(late),
    () => undefined, // it finished in time
  );
  return {
    signal: signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]),
    [Symbol.asyncDispose]: async () => finished.abort(),
  };
}

type CommandNews = Extract<FleetEvent, { type: "command" }>;

/** A handler whose input has passed its row's schema. */
type Handler = (input: unknown, options: HandlerOptions) => Promise<JsonObject | Media | Unconfirmed>;

function allowed(printer: Printer, command: CommandName): void {
  if (printer.control || commandRow(command).effect === "observes") return;
  const words = `control is off for "${printer.id}": set \`control: true\` in its inventory entry to allow commands`;
  throw new PrinterError("control_disabled", words);
}

function checkedInput(command: CommandName, input: unknown): Input {
  const checked = commandRow(command).input.safeParse(input ?? {});
  if (checked.success) return checked.data;
  throw invalidInput(checked.error);
}

/** A file is given exactly where one is taken, and it is one that the printer prints. */
function checkFile({ fileTypes }: Printer, { command, file, dryRun }: CommandRequest, input: Input): void {
  const takes = commandRow(command).takesFile === true;
  if (takes && file === undefined && dryRun !== true)
    throw new PrinterError("invalid_input", "send the file as the body");
  if (!takes) return;
  const name = String(input["file"]);
  if (!isFileName(name)) {
    const problems = [
      { pointer: "/file", message: "a file name without a leading dot, .., backslash or control character" },
    ];
    throw new PrinterError("invalid_input", `${JSON.stringify(name)} cannot be a file name on a printer`, { problems });
  }
  if (fileTypes.some((type) => name.toLowerCase().endsWith(type))) return;
  throw new PrinterError("file_type", `the printer prints ${fileTypes.join(", ") || "no"} files`);
}

function isFileName(name: string): boolean {
  const parts = name.split("/");
  const odd = parts.some((part) => part === "" || part.startsWith(".") || part.length > 128);
  return !odd && parts.length <= 8 && !/[\p{Cc}\\]/u.test(name);
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
