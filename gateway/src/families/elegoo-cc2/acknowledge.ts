// One request whose answer is all there is to say: acknowledged by the printer, or sent and silent.

import type { HandlerOptions } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import type { MethodName, Params } from "./method-table.ts";
import type { AskOptions, Cc2Session } from "./session.ts";

interface Acknowledged {
  readonly outcome: "acknowledged";
}

export type Outcome = Acknowledged | { readonly outcome: "unconfirmed" };

/**
 * Sends one request and says how it went: acknowledged on the printer's own answer, unconfirmed
 * when it went out and nothing came back, also because the connection broke. Never sent twice.
 * @throws PrinterError `printer_refused`, `not_found`, `unsupported`; what ended the wait before it was sent
 */
export async function acknowledge<Name extends MethodName>(
  session: Cc2Session,
  name: Name,
  params: Params<Name>,
  { signal }: Pick<HandlerOptions, "signal">,
): Promise<Outcome> {
  let sent = false;
  const options: AskOptions = { signal, urgency: "asked", onSent: () => (sent = true) };
  try {
    await session.ask(name, params, options);
    return { outcome: "acknowledged" };
  } catch (thrown) {
    const error = PrinterError.from(thrown);
    if (sent && (error.code === "timeout" || error.code === "unreachable")) return { outcome: "unconfirmed" };
    throw error;
  }
}
