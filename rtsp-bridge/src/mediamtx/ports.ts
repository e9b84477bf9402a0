// Finding out about TCP ports before somebody else listens on them.

import { createServer, type AddressInfo } from "node:net";
import { MediamtxError } from "./errors.ts";

/** A port that is free now on this address; undefined: on all of them. */
export async function freePort(host: string | undefined): Promise<number> {
  return tryPort(host, 0);
}

/**
 * Does nothing while the port can be listened on.
 * @throws MediamtxError `port-in-use` when it is taken or not for us
 */
export async function requireFreePort(host: string | undefined, port: number): Promise<void> {
  try {
    await tryPort(host, port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "another program has it" : `it cannot be used (${code})`;
    throw new MediamtxError("port-in-use", `RTSP port ${port}: ${why}`, { cause: error });
  }
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
