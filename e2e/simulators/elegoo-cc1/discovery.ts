// UDP discovery: answers `M99999` with one JSON datagram to the sender, ignores everything else, and
// goes on when the daemon is dead.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { discoveryReply } from "./frames.ts";
import type { Printer } from "./printer.ts";

const probe = "M99999";

/** Listens on `port` (0: any free one). @throws the listening error. */
export async function startDiscovery(
  printer: Printer,
  port: number,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const socket = createSocket(printer.host.includes(":") ? "udp6" : "udp4");
  socket.on("message", (datagram, sender) => {
    const text = datagram.toString("latin1");
    printer.journal.add("discovery", { text, sender: `${sender.address}:${sender.port}` });
    if (text !== probe || printer.knobs.discoverySilent) return;
    printer.counters.discoveries += 1;
    socket.send(JSON.stringify(discoveryReply(printer)), sender.port, sender.address);
  });
  socket.bind(port, printer.host);
  await once(socket, "listening");
  // After this a failed send is the network's affair, as for a real printer.
  socket.on("error", () => {});
  return {
    port: socket.address().port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}
