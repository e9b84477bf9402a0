// What several commands check and tell in the same way.

import { PrinterError } from "../../model/errors.ts";
import type { Unconfirmed } from "../../model/commands.ts";
import type { CentauriSession } from "./session.ts";
import { isIdle } from "./state.ts";

export interface Acknowledged {
  readonly outcome: "acknowledged";
}

/**
 * Gives `unconfirmed` when the printer stays silent: silence says nothing about what the machine
 * did, so nothing is ever repeated here.
 */
export async function acknowledged(send: () => Promise<void>): Promise<Acknowledged | Unconfirmed> {
  try {
    await send();
    return { outcome: "acknowledged" };
  } catch (error) {
    if (error instanceof PrinterError && error.code === "timeout") return { outcome: "unconfirmed" };
    throw error;
  }
}

/**
 * By a status that is asked for now.
 * @throws PrinterError `wrong_phase`, `timeout`, `unreachable`
 */
export async function mustBeIdle(session: CentauriSession, what: string, signal: AbortSignal): Promise<void> {
  const status = await session.refresh(signal);
  if (isIdle(status)) return;
  const { stage, phase } = session.readings;
  throw new PrinterError("wrong_phase", `to ${what}, the printer must be idle; it is ${stage ?? phase}`);
}

/** What is legal at one place of the input. */
export function invalid(pointer: string, message: string): PrinterError {
  return new PrinterError("invalid_input", `${pointer}: ${message}`, { problems: [{ pointer, message }] });
}
