// A listening HTTP server that ends: dispose closes idle connections at once, gives those in
// flight a moment, then cuts them.

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How long requests in flight may go on after dispose, ms. */
  readonly graceMs?: number;
}

export interface HttpServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `http://HOST:PORT` as reached from this machine. */
  readonly url: string;
}

/** Listens or throws (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<HttpServer> {
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { address, port, family } = server.address() as AddressInfo;
  const local = address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
  return {
    host: address,
    port,
    url: `http://${family === "IPv6" && local !== "127.0.0.1" ? `[${local}]` : local}:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), options.graceMs ?? 1000);
      await closed;
      clearTimeout(cut);
    },
  };
}
