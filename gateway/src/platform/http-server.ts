// A listening HTTP server that ends: dispose closes idle connections at once, gives those in
// flight a moment, then cuts them. A body may take as long as it likes while it moves.

import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "./node-http.ts";

/** A client must be done with its headers by then, ms. */
const headersMs = 60_000;
const defaultBodyStallMs = 60_000;

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How long requests in flight may go on after dispose, ms. */
  readonly graceMs?: number;
  /** How long a request's body may stand still before its connection is cut, ms. */
  readonly bodyStallMs?: number;
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
  // Node's own limit is on the whole request, and would cut a large upload over a slow network.
  const server = createServer({ requestTimeout: 0, headersTimeout: headersMs }, handler);
  const { bodyStallMs = defaultBodyStallMs } = options;
  server.on("request", (request, response) => watchBody(request, response, bodyStallMs));
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    askWhenRead(request, response);
    server.emit("request", request, response);
  });
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

/** Node cuts a connection whose time is out; the time counts only while the body is on its way. */
function watchBody(request: IncomingMessage, response: ServerResponse, stallMs: number): void {
  const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
  if (encoding === undefined && Number(length) === 0) return;
  request.socket.setTimeout(stallMs);
  request.once("end", () => {
    // From the end of the answer on, the time is that of keep-alive.
    if (!response.writableFinished) request.socket.setTimeout(0);
  });
}

/** A client that waits with its body is told to send it when somebody begins to read, and not before. */
function askWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const onListener = (event: string | symbol): void => {
    if (event !== "data" && event !== "readable") return;
    request.off("newListener", onListener);
    if (!response.headersSent) response.writeContinue();
  };
  request.on("newListener", onListener);
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
