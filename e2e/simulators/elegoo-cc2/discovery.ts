// UDP discovery: answers any JSON with method 7000, however it is spaced, to its sender.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Printer } from "./printer.ts";
import { isObject } from "./status.ts";

const method = 7000;

/** Listens on `port` (0: any free one). @throws the listening error. */
export async function startDiscovery(
  printer: Printer,
  port: number,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const socket = createSocket(printer.host.includes(":") ? "udp6" : "udp4");
  socket.on("message", (datagram, sender) => {
    const text = datagram.toString("utf8");
    printer.journal.add("discovery", { text, sender: `${sender.address}:${sender.port}` });
    const id = idOf(text);
    if (id === undefined || printer.knobs.discoverySilent || printer.knobs.dark) return;
    printer.counters.discoveries += 1;
    socket.send(JSON.stringify({ id, result: reply(printer) }), sender.port, sender.address);
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

/** @returns undefined for what is no discovery. */
function idOf(text: string): unknown {
  try {
    const message: unknown = JSON.parse(text);
    return isObject(message) && message["method"] === method ? (message["id"] ?? 0) : undefined;
  } catch {
    return undefined;
  }
}

function reply({ name, serial, accessCode, knobs }: Printer): Readonly<Record<string, unknown>> {
  const flag = (value: boolean): unknown => (knobs.discoveryBooleans ? value : Number(value));
  return {
    host_name: name,
    machine_model: "Centauri Carbon 2",
    sn: serial,
    token_status: flag(accessCode !== ""),
    lan_status: flag(knobs.lanOnly),
  };
}
