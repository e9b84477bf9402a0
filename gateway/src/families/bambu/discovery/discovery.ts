// Finding printers: listening and asking by broadcast for those on this network, and trying every
// address of a network that the operator names. A printer counts when its certificate says so.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { DiscoverOptions, FoundPrinter } from "../../family.ts";
import { readAnnouncement, searchMessage, type Claim } from "./discovery-announcement.ts";
import { detect } from "./discovery-bind.ts";
import { identify, isOpen, type CertifiedPrinter } from "./discovery-identity.ts";
import { hostsOf } from "./discovery-subnet.ts";
import { modelByCode } from "../models.ts";

export interface DiscoveryPorts {
  /** UDP, where printers announce themselves. */
  readonly announcements: number;
  readonly mqtt: number;
  readonly ftps: number;
  readonly bind: number;
}
const standardPorts: DiscoveryPorts = { announcements: 2021, mqtt: 8883, ftps: 990, bind: 3000 };

export interface DiscoverySettings {
  readonly ports?: Partial<DiscoveryPorts>;
  /** Where the question goes: address and port. */
  readonly targets?: readonly (readonly [string, number])[];
  /** CA certificates besides the vendor's, each in PEM form. */
  readonly ca?: readonly string[];
}

/** The ports of printers and of slicers, who answer for them. */
const everybody = ["239.255.255.250", "255.255.255.255"].flatMap((host) => [
  [host, 2021] as const,
  [host, 1990] as const,
]);
const askEveryMs = 3000;
/** Printers announce themselves every few to 30 seconds; asked, they answer at once. */
const listenMs = 10_000;
/** A datagram costs its sender nothing and us a connection. */
const mostClaims = 256;
const atOnce = 32;

/**
 * The printers that are found, each once. Takes ten seconds, and longer with networks to scan.
 * @throws PrinterError `invalid_input` for what is no network; the signal's reason
 */
export async function* discover(
  { networks, clock, log, signal }: DiscoverOptions,
  { ports: given, targets = everybody, ca = [] }: DiscoverySettings = {},
): AsyncGenerator<FoundPrinter> {
  const ports = { ...standardPorts, ...given };
  const hosts = networks.flatMap((cidr) => hostsOf(cidr));
  const seen = new Set<string>();
  const claims = await listen({ port: ports.announcements, targets, clock, log, signal });
  for await (const claim of eachOf(claims, async (one) => check(one))) if (isNew(claim)) yield claim;
  for await (const found of eachOf(hosts, async (host) => probe(host))) if (isNew(found)) yield found;

  async function check(claim: Claim): Promise<FoundPrinter | undefined> {
    const certified = await identify(claim.address, claim.serial, { port: ports.mqtt, ca, signal });
    if (certified === undefined) log.info("somebody claims to be a printer and is none", { address: claim.address });
    return certified === undefined ? undefined : describe(certified, claim);
  }

  async function probe(host: string): Promise<FoundPrinter | undefined> {
    if (!(await isOpen(host, ports.mqtt, signal)) || !(await isOpen(host, ports.ftps, signal))) return undefined;
    const certified = await identify(host, undefined, { port: ports.mqtt, ca, signal });
    return certified === undefined ? undefined : describe(certified, await detect(host, ports.bind, signal));
  }

  function isNew(found: FoundPrinter | undefined): found is FoundPrinter {
    const serial = String(found?.connection["serial"]);
    if (found === undefined || seen.has(serial)) return false;
    seen.add(serial);
    return true;
  }
}

/** What the certificate says, with the words of a claim that agrees with it. */
function describe({ address, serial, trusted }: CertifiedPrinter, claim: Claim | undefined): FoundPrinter {
  const about = claim?.serial === serial ? claim : undefined;
  const model = about?.modelCode == null ? undefined : modelByCode(about.modelCode)?.name;
  const notes = [model, about?.firmware == null ? undefined : `firmware ${about.firmware}`];
  return {
    name: about?.name ?? model ?? serial,
    connection: { host: address, serial, ...(trusted ? {} : { tls: "pin" }) },
    missing: { access_code: "LAN access code, as the printer's screen shows it" },
    notes: [
      ...notes.filter((note) => note !== undefined),
      trusted ? "certificate checked" : "its certificate is not the vendor's: make sure that it is your printer",
    ],
  };
}

interface Listening extends Pick<DiscoverOptions, "clock" | "log" | "signal"> {
  readonly port: number;
  readonly targets: readonly (readonly [string, number])[];
}

/** Claims that came within ten seconds, one for each printer and address. Empty where no datagrams can be had. */
async function listen({ port, targets, clock, log, signal }: Listening): Promise<Claim[]> {
  signal.throwIfAborted();
  const claims = new Map<string, Claim>();
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.on("error", (error) => log.info("printers cannot be heard here", { error }));
  socket.on("message", (datagram, { address }) => {
    const claim = readAnnouncement(datagram, address);
    if (claim !== undefined && claims.size < mostClaims) claims.set(`${claim.serial} ${claim.address}`, claim);
  });
  try {
    socket.bind(port);
    await once(socket, "listening", { signal });
    prepare(socket);
    for (let waitedMs = 0; waitedMs < listenMs; waitedMs += askEveryMs) {
      for (const [host, to] of targets) socket.send(searchMessage, to, host, () => undefined);
      await clock.wait(Math.min(askEveryMs, listenMs - waitedMs), signal);
    }
  } catch (error) {
    signal.throwIfAborted();
    log.info("printers cannot be heard here", { error });
  } finally {
    socket.close();
  }
  return [...claims.values()];
}

function prepare(socket: Socket): void {
  socket.setBroadcast(true);
  try {
    socket.addMembership("239.255.255.250");
  } catch {
    // no network that carries it: broadcasts are left
  }
}

/** Some at a time, in no order. */
async function* eachOf<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  for (let first = 0; first < items.length; first += atOnce) {
    yield* await Promise.all(items.slice(first, first + atOnce).map(async (item) => work(item)));
  }
}
