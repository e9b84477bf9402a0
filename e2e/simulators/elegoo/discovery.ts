// UDP discovery of both Centauri Carbons: listens, and answers to the sender what the printer would.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Journal } from "../admin/journal.ts";

interface FoundPrinter {
  readonly host: string;
  readonly journal: Journal;
  readonly counters: { discoveries: number };
}

export interface DiscoveryOptions {
  /** 0: any free one. */
  readonly port: number;
  /** How datagrams are read. */
  readonly encoding: "latin1" | "utf8";
  /** The answer, to be sent as JSON; undefined: none. */
  readonly answer: (text: string) => object | undefined;
}

/** @throws the listening error. */
export async function listenForDiscovery(
  { host, journal, counters }: FoundPrinter,
  { port, encoding, answer }: DiscoveryOptions,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", (datagram, sender) => {
    const text = datagram.toString(encoding);
    journal.add("discovery", { text, sender: `${sender.address}:${sender.port}` });
    const reply = answer(text);
    if (reply === undefined) return;
    counters.discoveries += 1;
    socket.send(JSON.stringify(reply), sender.port, sender.address);
  });
  socket.bind(port, host);
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
