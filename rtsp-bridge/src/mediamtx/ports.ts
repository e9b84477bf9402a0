// Finding out about ports before somebody else listens on them.

import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer, type AddressInfo } from "node:net";
import { MediamtxError } from "./errors.ts";

/** Bounds of what is tried when any port will do. */
const lowest = 20_000;
const highest = 32_000;

/** What a port is for, and the variable that gives another one. */
export interface PortUse {
  readonly name: string;
  readonly variable: string;
}

/** A TCP port that is free now on this address; undefined: on all of them. */
export async function freePort(host: string | undefined): Promise<number> {
  return firstFree(async (port) => tryPort(host, port));
}

/** A UDP port that is free now. */
export async function freeUdpPort(host: string | undefined): Promise<number> {
  return firstFree(async (port) => tryUdpPort(host, port));
}

/**
 * Does nothing while the TCP port can be listened on.
 * @throws MediamtxError `port-in-use` when it is taken or not for us
 */
export async function requireFreePort(host: string | undefined, port: number, use: PortUse): Promise<void> {
  await tryPort(host, port).catch((error: unknown) => {
    throw portInUse(port, use, error);
  });
}

/** The same of a UDP port. */
export async function requireFreeUdpPort(host: string | undefined, port: number, use: PortUse): Promise<void> {
  await tryUdpPort(host, port).catch((error: unknown) => {
    throw portInUse(port, use, error);
  });
}

/** The fault of a port that cannot be had. */
export function portInUse(port: number, { name, variable }: PortUse, cause: unknown): MediamtxError {
  const { code = "EADDRINUSE" } = (cause ?? {}) as NodeJS.ErrnoException;
  const why = code === "EADDRINUSE" ? "another program has it" : `it cannot be used (${code})`;
  const words = `${name} port ${port}: ${why}; set ${variable} to a free one`;
  return new MediamtxError("port-in-use", words, { cause });
}

/**
 * Another process listens on it in the end, a moment later. Below the range from which systems give
 * ports to whoever asks for any, nobody is given it in between.
 */
async function firstFree(tryOne: (port: number) => Promise<number>): Promise<number> {
  for (let tries = 0; tries < 20; tries += 1) {
    const port = await tryOne(randomInt(lowest, highest)).catch(() => undefined);
    if (port !== undefined) return port;
  }
  return tryOne(0);
}

async function tryPort(host: string | undefined, port: number): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
    const taken = (server.address() as AddressInfo).port;
    server.close(() => resolve(taken));
  });
  return promise;
}

async function tryUdpPort(host: string | undefined, port: number): Promise<number> {
  const socket = createSocket("udp4");
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  socket.once("error", reject);
  socket.bind({ port, ...(host === undefined ? {} : { address: host }) }, () => {
    const taken = socket.address().port;
    socket.close(() => resolve(taken));
  });
  return promise;
}
