// One command to the printer and what its answer says: accepted, refused, or nothing. What came of it
// is the state's matter; only an answer without a result is held against the report here.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { HandlerOptions } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import type { Authorization, Body, FileStore, MessageType, PrinterLink, Report } from "../printer-link.ts";
import type { Signer } from "../signing/signing.ts";

/** What every handler of this family works with. */
export interface CommandContext {
  readonly link: PrinterLink;
  readonly files: FileStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly authorization: Authorization;
  /** Null without the operator's key. */
  readonly signer: Signer | null;
  /** What stands before a file's path in `project_file`; default: the model's. */
  readonly jobUrl?: string;
}

interface Acknowledged {
  readonly outcome: "acknowledged";
}
export type Outcome = Acknowledged | { readonly outcome: "unconfirmed" };

export const acknowledged: Acknowledged = { outcome: "acknowledged" };

export interface Expectation {
  /** Whether a report shows that it came about. */
  readonly effect?: (report: Report) => boolean;
  /** What the printer means by a code that it gives beside `success`. */
  readonly refusals?: Readonly<Record<number, string>>;
}

const effectMs = 5000;

/**
 * Sends one command once. Without a result in the answer, `effect` decides within 5 s.
 * @throws PrinterError `printer_refused` when the printer says no or does nothing; what the link throws
 */
export async function send(
  { link, authorization }: CommandContext,
  type: MessageType,
  command: string,
  body: Body,
  { signal }: Pick<HandlerOptions, "signal">,
  { effect, refusals = {} }: Expectation = {},
): Promise<Outcome> {
  const reply = await link.request(type, command, body, { signal });
  if (reply === undefined) return { outcome: "unconfirmed" };
  const words = reply.errorCode === null ? undefined : refusals[reply.errorCode];
  if (words !== undefined) throw new PrinterError("printer_refused", words);
  if (reply.result === "fail") {
    const reason = reply.reason ?? "it gave no reason";
    const locked = link.access === "locked" ? `; ${lockedWords}` : "";
    throw new PrinterError("printer_refused", `the printer refused ${command}: ${reason}${locked}`);
  }
  if (reply.result === "success") return acknowledged;
  if (effect === undefined) return { outcome: "unconfirmed" };
  if (await link.until(effect, { signal, timeoutMs: effectMs })) return acknowledged;
  authorization.sawNoEffect(type, command);
  throw new PrinterError("printer_refused", `the printer echoed ${command} and did nothing; ${lockedWords}`);
}

const lockedWords =
  "it does so when its firmware takes no unsigned commands: switch on LAN Only Mode and then Developer Mode on its screen";

/**
 * Sends lines of G-code that have been checked, in as many messages as a signed one needs.
 * @throws PrinterError `invalid_input` for a line that no signed message can carry; as `send`
 */
export async function sendLines(
  context: CommandContext,
  lines: readonly string[],
  options: Pick<HandlerOptions, "signal">,
): Promise<Outcome> {
  let outcome: Outcome = acknowledged;
  for (const param of messages(context, lines)) {
    outcome = await send(context, "print", "gcode_line", { param }, options);
    // What follows may rest on what has not been confirmed.
    if (outcome.outcome !== "acknowledged") return outcome;
  }
  return outcome;
}

function messages({ link, signer }: CommandContext, lines: readonly string[]): readonly string[] {
  const limit = link.access === "signed" ? (signer?.gcodeBytes ?? null) : null;
  if (limit === null) return [`${lines.join("\n")}\n`];
  const parts: string[] = [];
  for (const line of lines) {
    if (Buffer.byteLength(line) + 1 > limit) {
      throw new PrinterError("invalid_input", `a line of signed G-code has at most ${limit - 1} bytes`);
    }
    const last = parts.at(-1);
    if (last !== undefined && Buffer.byteLength(last) + Buffer.byteLength(line) + 1 <= limit)
      parts[parts.length - 1] = `${last}${line}\n`;
    else parts.push(`${line}\n`);
  }
  return parts;
}

/** A refusal that names the part of the input. */
export function refused(pointer: string, message: string): PrinterError {
  return new PrinterError("invalid_input", `${pointer}: ${message}`, { problems: [{ pointer, message }] });
}

/** @throws PrinterError `wrong_phase` while a job runs */
export function demandNotRunning({ link }: CommandContext, isWrong: (report: Report) => boolean, what: string): void {
  if (isWrong(link.report())) throw new PrinterError("wrong_phase", `${what} is not possible while a job runs`);
}
