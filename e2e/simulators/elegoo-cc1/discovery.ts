// UDP discovery: answers `M99999` with one JSON datagram to the sender, ignores everything else, and
// goes on when the daemon is dead.

import { listenForDiscovery } from "../elegoo/discovery.ts";
import { discoveryReply } from "./frames.ts";
import type { Printer } from "./printer.ts";

const probe = "M99999";

/** Listens on `port` (0: any free one). @throws the listening error. */
export async function startDiscovery(
  printer: Printer,
  port: number,
): Promise<{ readonly port: number } & AsyncDisposable> {
  return listenForDiscovery(printer, {
    port,
    encoding: "latin1",
    answer: (text) => (text === probe && !printer.knobs.discoverySilent ? discoveryReply(printer) : undefined),
  });
}
