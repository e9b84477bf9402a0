// A listening HTTP server that ends: dispose closes idle connections at once, gives those in
// flight a moment, then cuts them.

import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How long requests in flight may go on after dispose, ms. */
  readonly graceMs?: number;
  /** Takes what goes wrong once it listens: a connection that could not be taken, for want of files. */
  readonly onError?: (error: Error) => void;
}

export interface HttpServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `http://HOST:PORT` as reached from this machine. */
  readonly url: string;
}

/** Listens or throws (EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND). Dispose is idempotent. */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<HttpServer> {
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", (error) => options.onError?.(error));
  const { address, port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  server.on("request", (_, response) => {
    // Else a connection that became idle after dispose is waited for until its client drops it.
    response.once("close", () => {
      if (closed !== undefined) setImmediate(() => server.closeIdleConnections());
    });
  });
  return {
    host: address,
    port,
    url: `http://${urlHost(address)}:${port}`,
    [Symbol.asyncDispose]: () => (closed ??= close(server, options.graceMs ?? 1000)),
  };
}

/** The address as this machine reaches it, which for "all addresses" is loopback. */
function urlHost(address: string): string {
  if (address === "0.0.0.0" || address === "::") return "127.0.0.1";
  return address.includes(":") ? `[${address}]` : address;
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
