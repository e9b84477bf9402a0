// An HTTP server on one port, for simulators. A handler that fails answers 500 and harms nobody else.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { TcpPort } from "./port.ts";

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** The path of a request without its query, as it came; never throws, whatever a client wrote there. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

/** Percent codes resolved; a broken code leaves the text as it came. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Reads to the end even what is too long, so that the answer arrives. @returns undefined then. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= limitBytes) parts.push(part);
  }
  return size > limitBytes ? undefined : Buffer.concat(parts);
}

/** A server that does not listen yet. */
export function httpServer(handler: HttpHandler): Server {
  return createServer((request, response) => {
    void serve(handler, request, response);
  });
}

async function serve(handler: HttpHandler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await handler(request, response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else response.writeHead(500, { "Content-Type": "text/plain" }).end(`${String(error)}\n`);
  }
}

/** Listens at once. @throws the listening error. */
export async function listenHttp(
  address: { readonly host: string; readonly port: number },
  handler: HttpHandler,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const tcp = new TcpPort(httpServer(handler), address);
  await tcp.open();
  return { port: tcp.number, [Symbol.asyncDispose]: async () => tcp.close("end") };
}
