// Discovery on UDP 52700: a JSON question out, one JSON answer back, to one host or to everybody.
// It works while other clients are connected and needs no access code. Source: the vendor's SDK.
//
// Question {"id":0,"method":7000}
// Answer   {"id":0,"result":{"host_name","machine_model","sn","token_status":0|1,"lan_status":0|1}}

import { createSocket, type Socket, type SocketType } from "node:dgram";
import { once } from "node:events";
import { isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { Clock } from "@gantry/platform/clock";
import { fields, flag, isFields, number, text } from "./codec.ts";

const question = JSON.stringify({ id: 0, method: 7000 });
/** UDP gets lost. */
const questions = 3;
const askEveryMs = 1000;

/** What a printer tells of itself before anybody connects. */
export interface Discovered {
  readonly address: string;
  readonly serial: string | null;
  readonly model: string | null;
  /** False: cloud mode, in which the local network finds nobody at home. */
  readonly lanOnly: boolean | null;
  /** False: no access code is set. */
  readonly accessCodeSet: boolean | null;
}

export interface DiscoveryOptions {
  /** UDP port of the printer. */
  readonly port: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Asks one host who it is. Null when it does not answer within three seconds. Throws only on abort. */
export async function probeHost(host: string, options: DiscoveryOptions): Promise<Discovered | null> {
  const open = async (socket: Socket, signal: AbortSignal): Promise<() => void> =>
    connectTo(socket, host, options.port, signal);
  return ask(open, () => true, { ...options, type: isIPv6(host) ? "udp6" : "udp4" });
}

/**
 * Asks addresses, also those of broadcasts, for a serial number. Null when nobody owns to it within
 * three seconds. Throws only on abort.
 */
export async function findPrinter(
  serial: string,
  targets: readonly string[],
  options: DiscoveryOptions,
): Promise<Discovered | null> {
  if (targets.length === 0) return null;
  const open = async (socket: Socket, signal: AbortSignal): Promise<() => void> =>
    openTo(socket, targets, options.port, signal);
  return ask(open, (found) => found.serial === serial, options);
}

/** Opens a socket and gives what sends the question once. */
type Opening = (socket: Socket, signal: AbortSignal) => Promise<() => void>;

async function ask(
  open: Opening,
  isWanted: (found: Discovered) => boolean,
  { clock, signal, type = "udp4" }: DiscoveryOptions & { readonly type?: SocketType },
): Promise<Discovered | null> {
  signal.throwIfAborted();
  const socket = createSocket(type);
  const over = new AbortController();
  const found = Promise.withResolvers<Discovered | null>();
  socket.on("error", () => found.resolve(null)); // nobody listens there, or the name does not resolve
  socket.on("message", (datagram, { address }) => {
    const reply = readReply(datagram, address);
    if (reply !== null && isWanted(reply)) found.resolve(reply);
  });
  try {
    return await Promise.race([found.promise, repeat(socket, open, clock, AbortSignal.any([signal, over.signal]))]);
  } catch {
    signal.throwIfAborted();
    return null; // the socket could not be opened: nobody answers
  } finally {
    over.abort();
    socket.close();
  }
}

/** Asks three times, a second apart; null after the last second. */
async function repeat(socket: Socket, open: Opening, clock: Clock, signal: AbortSignal): Promise<null> {
  const send = await open(socket, signal);
  for (let asked = 0; asked < questions; asked += 1) {
    send();
    await clock.wait(askEveryMs, signal);
  }
  return null;
}

/** A connected socket hears at once when nobody listens there, and hears nobody else. */
async function connectTo(socket: Socket, host: string, port: number, signal: AbortSignal): Promise<() => void> {
  socket.connect(port, host);
  await once(socket, "connect", { signal });
  return () => socket.send(question);
}

async function openTo(
  socket: Socket,
  targets: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<() => void> {
  socket.bind(0);
  await once(socket, "listening", { signal });
  socket.setBroadcast(true);
  return () => {
    for (const target of targets) socket.send(question, port, target, () => undefined);
  };
}

/** The answer of a Centauri Carbon 2; null when the datagram is something else. */
export function readReply(datagram: Uint8Array, address: string): Discovered | null {
  try {
    const reply: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(datagram));
    if (!isFields(reply) || !isFields(reply["result"])) return null;
    const about = reply["result"];
    if (number(fields(about)["error_code"]) !== null && text(about["sn"]) === null) return null;
    return {
      address,
      serial: serialOf(about["sn"]),
      model: text(about["machine_model"]),
      lanOnly: flag(about["lan_status"]),
      accessCodeSet: flag(about["token_status"]),
    };
  } catch {
    return null; // not JSON: somebody else's datagram
  }
}

/** It becomes a level of MQTT topics: anything with a slash or a wildcard is none. */
export function serialOf(value: unknown): string | null {
  const serial = text(value);
  return serial !== null && /^[A-Za-z0-9_-]{1,64}$/u.test(serial) ? serial : null;
}

/** Everybody on the networks of this machine; nobody for a printer on loopback, which cannot move. */
export function broadcastAddresses(lastHost: string): readonly string[] {
  if (isLoopback(lastHost)) return [];
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const directed = own
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address, netmask }) => broadcastOf(address, netmask));
  return [...new Set(["255.255.255.255", ...directed])];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function broadcastOf(address: string, netmask: string): string {
  const mask = netmask.split(".").map(Number);
  return address
    .split(".")
    .map((part, index) => (Number(part) | (~(mask[index] ?? 255) & 255)) & 255)
    .join(".");
}
