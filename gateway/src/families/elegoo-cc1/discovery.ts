// Unicast discovery on UDP 3000: the six bytes "M99999" out, one JSON datagram back. Works across
// subnets and out of container networks, where broadcasts do not pass.

import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { fields, isFields, text } from "./codec.ts";

const discoveryPort = 3000;
const probe = "M99999";
/** UDP gets lost: three probes within three seconds. */
const probes = 3;
const probeEveryMs = 1000;

/** What a printer tells of itself before anybody connects. */
export interface Discovered {
  readonly mainboardId: string | null;
}

/** Asks one host who it is. Null when it does not answer in time, or the signal aborts. Never throws. */
export async function probeHost(host: string, signal: AbortSignal): Promise<Discovered | null> {
  if (signal.aborted) return null;
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  try {
    return await new Promise((resolve) => {
      let sent = 0;
      const settle = (found: Discovered | null): void => {
        clearInterval(timer);
        resolve(found);
      };
      const send = (): void => {
        if (sent === probes) return settle(null);
        sent += 1;
        socket.send(probe, discoveryPort, host, (error) => {
          if (error !== null) settle(null);
        });
      };
      const timer = setInterval(send, probeEveryMs);
      signal.addEventListener("abort", () => settle(null), { once: true });
      socket.on("error", () => settle(null));
      socket.on("message", (datagram) => {
        const found = readReply(datagram);
        if (found !== null) settle(found);
      });
      send();
    });
  } finally {
    socket.close();
  }
}

/** The reply's `Data`; some firmware puts control characters into names. Null when it is no reply. */
export function readReply(datagram: Buffer): Discovered | null {
  try {
    // oxlint-disable-next-line no-control-regex -- exactly these are what breaks JSON.parse
    const reply: unknown = JSON.parse(datagram.toString("utf8").replaceAll(/[\u0000-\u001f]/gu, " "));
    if (!isFields(reply) || !isFields(reply["Data"])) return null;
    const data = reply["Data"];
    return { mainboardId: text(data["MainboardID"]) ?? text(fields(data["Attributes"])["MainboardID"]) };
  } catch {
    return null; // not JSON: somebody else's datagram
  }
}
