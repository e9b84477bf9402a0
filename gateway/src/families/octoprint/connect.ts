// Opening a session with an OctoPrint, and the commands it takes. One try; the fleet decides when there
// is another.

import { begun } from "../begun.ts";
import type { ConnectOptions } from "../family.ts";
import { createHandlers } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { OctoPrintSession } from "./session.ts";

/**
 * Tries the key, reads the first status and starts the socket.
 * @throws PrinterError `unreachable`, `timeout`, `printer_auth`, `protocol`; `printer_refused` when it
 *   is no OctoPrint; the signal's reason when it aborts
 */
export async function connect(options: ConnectOptions<Connection>): Promise<OctoPrintSession> {
  return begun(new OctoPrintSession(options, createHandlers), options.signal);
}
