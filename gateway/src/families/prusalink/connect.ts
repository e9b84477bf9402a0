// Opening a session with a PrusaLink, and the commands it takes. One try; the fleet decides when there
// is another.

import { begun } from "../begun.ts";
import type { ConnectOptions } from "../family.ts";
import { createHandlers } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { PrusaLinkSession } from "./session.ts";

/**
 * Reads who answers and its first status.
 * @throws PrinterError `unreachable`, `timeout`, `printer_auth` with `retryAfterMs`, `protocol`; the
 *   signal's reason
 */
export async function connect(options: ConnectOptions<Connection>): Promise<PrusaLinkSession> {
  return begun(new PrusaLinkSession(options, createHandlers), options.signal);
}
