// Discovery on UDP 3000: the six bytes "M99999" out, one JSON datagram back from each printer.
// Unicast works across subnets and out of container networks, where broadcasts do not pass.

import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { Clock } from "@gantry/platform/clock";
import { fields, isFields, text } from "./codec.ts";

const probe = "M99999";
/** UDP gets lost: three probes within three seconds. */
const probes = 3;
const probeEveryMs = 1000;
const limitedBroadcast = "255.255.255.255";

/** What a printer tells of itself before anybody connects. */
export interface Discovered {
  /** Where the datagram came from; what the printer says in it may be stale. */
  readonly address: string;
  readonly mainboardId: string | null;
  /** "Centauri Carbon"; other printers of the maker answer too. */
  readonly model: string | null;
}

export interface DiscoveryOptions {
  /** Names and addresses, also broadcast ones. What does not resolve is passed over. */
  readonly targets: readonly string[];
  readonly port: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Ends the search early. */
  readonly enough?: (found: readonly Discovered[]) => boolean;
}

/** Who answers within three seconds, one entry for each address. Empty when the signal aborts. Never throws. */
export async function discover({ targets, port, clock, signal, enough }: DiscoveryOptions): Promise<Discovered[]> {
  const found = new Map<string, Discovered>();
  const done = new AbortController();
  const until = AbortSignal.any([signal, done.signal]);
  const addresses = await addressesOf(targets);
  using sockets = new DisposableStack();
  const socketFor = new Map<"udp4" | "udp6", Socket>();
  for (const type of new Set(addresses.map((address) => typeOf(address)))) {
    const socket = sockets.adopt(createSocket(type), (opened) => opened.close());
    socketFor.set(type, socket);
    socket.on("error", () => undefined); // no network of this kind: nobody answers
    socket.on("message", (datagram, { address }) => {
      const told = readReply(datagram);
      if (told === null) return;
      found.set(address, { address, ...told });
      if (enough?.([...found.values()]) === true) done.abort();
    });
    await new Promise<void>((resolve) => void socket.bind(0, resolve).once("error", () => resolve()));
  }
  for (let sent = 0; sent < probes && !until.aborted && addresses.length > 0; sent += 1) {
    for (const address of addresses) send(socketFor.get(typeOf(address)), port, address);
    await clock.wait(probeEveryMs, until).catch(() => undefined); // enough, or aborted
  }
  return signal.aborted ? [] : [...found.values()];
}

/** Addresses on which every printer of a network listens: the limited one and each network's own. */
export function broadcastAddresses(): string[] {
  const networks = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const directed = networks
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address, netmask }) => broadcastOf(address, netmask));
  return [...new Set([limitedBroadcast, ...directed])];
}

/** `192.0.2.7`, `255.255.255.0` → `192.0.2.255` */
export function broadcastOf(address: string, netmask: string): string {
  const mask = netmask.split(".").map(Number);
  return address
    .split(".")
    .map((part, index) => Number(part) | (~(mask[index] ?? 255) & 255))
    .join(".");
}

/** The reply's `Data`; some firmware puts control characters into names. null when it is no reply. */
export function readReply(datagram: Buffer): Omit<Discovered, "address"> | null {
  try {
    // oxlint-disable-next-line no-control-regex -- exactly these are what breaks JSON.parse
    const reply: unknown = JSON.parse(datagram.toString("utf8").replaceAll(/[\u0000-\u001f]/gu, " "));
    if (!isFields(reply) || !isFields(reply["Data"])) return null;
    const data = reply["Data"];
    const nested = fields(data["Attributes"]);
    return {
      mainboardId: text(data["MainboardID"]) ?? text(nested["MainboardID"]),
      model: text(data["MachineName"]) ?? text(nested["MachineName"]),
    };
  } catch {
    return null; // not JSON: somebody else's datagram
  }
}

/** Names resolved, so that an answer can be told by where it came from. */
export async function addressesOf(hosts: readonly string[]): Promise<string[]> {
  const found = await Promise.all(hosts.map(async (host) => lookup(host).catch(() => undefined)));
  return [...new Set(found.filter((entry) => entry !== undefined).map(({ address }) => address))];
}

function typeOf(address: string): "udp4" | "udp6" {
  return isIPv6(address) ? "udp6" : "udp4";
}

function send(socket: Socket | undefined, port: number, address: string): void {
  try {
    socket?.setBroadcast(true);
    socket?.send(probe, port, address, () => undefined);
  } catch {
    // The socket could not be bound: nobody answers on it.
  }
}
