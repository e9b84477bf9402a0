// A TLS connection to one of the printer's ports, whose certificate is checked before anything is
// sent. For both cameras and for discovery; MQTT and FTP open their own.

import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { tlsFailure, type PrinterTls } from "../trust/trust.ts";

const connectMs = 15_000;

export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly tls: PrinterTls;
  readonly signal: AbortSignal;
}

export interface OpenSocket extends AsyncDisposable {
  readonly socket: TLSSocket;
}

/**
 * Connects; an abort closes it. Dispose resolves when it is closed.
 * @throws PrinterError with what is wrong with the connection or the certificate; the signal's reason
 */
export async function openCamera({ host, port, tls, signal }: Destination): Promise<OpenSocket> {
  signal.throwIfAborted();
  const socket = connect({ ...tls.options, host, port });
  const stop = (): void => void socket.destroy();
  const late = setTimeout(() => socket.destroy(new DOMException("no TLS in time", "TimeoutError")), connectMs);
  signal.addEventListener("abort", stop);
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  closed.then(
    () => signal.removeEventListener("abort", stop),
    () => undefined,
  );
  try {
    await once(socket, "secureConnect", { signal });
    tls.verify(socket);
    socket.on("error", () => undefined); // whoever reads is told
  } catch (error) {
    socket.on("error", () => undefined);
    socket.destroy();
    signal.throwIfAborted();
    throw tlsFailure(error);
  } finally {
    clearTimeout(late);
  }
  return {
    socket,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      await closed;
    },
  };
}
