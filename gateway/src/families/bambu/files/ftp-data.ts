// The data connection: passive, to the host of the control connection whatever the reply says, in the
// control connection's TLS session, or in clear. Source: RFC 959, 2428, 4217 and the family's README.

import { connect as connectTcp, isIPv6, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { FTPContext, FTPResponse } from "basic-ftp";
import { isReply } from "./ftp-words.ts";
import type { PrinterTls } from "../trust/trust.ts";

interface DataOptions {
  /** undefined: in clear. */
  readonly tls: PrinterTls | undefined;
  readonly handshakeMs: number;
  /** Told when the printer did not take part in the handshake; the connections are closed then. */
  readonly onHang: () => void;
}

/** The printer tells on the control connection why it broke the data connection: that goes first. */
const replyFirstMs = 3000;

/** Asks for a port and connects to it, for the transfer that comes next. */
export async function enterPassiveMode(ftp: FTPContext, options: DataOptions): Promise<FTPResponse> {
  const host = ftp.socket.remoteAddress;
  if (host === undefined) throw new Error("the control connection is closed");
  const reply = isIPv6(host) && !host.startsWith("::ffff:") ? await ftp.request("EPSV") : await askForPort(ftp);
  const tcp = await reach(host, portOf(reply), ftp.timeout);
  if (options.tls === undefined) take(ftp, tcp);
  else secure(ftp, tcp, options.tls, options);
  return reply;
}

async function askForPort(ftp: FTPContext): Promise<FTPResponse> {
  try {
    return await ftp.request("PASV");
  } catch (error) {
    if (!isReply(error, 500, 501, 502)) throw error;
    return ftp.request("EPSV");
  }
}

/** "227 Entering Passive Mode (192,168,1,50,10,229)", "229 Extended Passive Mode (|||6446|)" */
function portOf({ code, message }: FTPResponse): number {
  const [, high, low] = /\d{1,3}(?:,\d{1,3}){3},(\d{1,3}),(\d{1,3})/u.exec(message) ?? [];
  const port = code === 229 ? Number(/\|\|\|(\d{1,5})\|/u.exec(message)?.[1]) : Number(high) * 256 + Number(low);
  if (!(port > 0 && port < 65_536)) throw new Error(`no port in ${JSON.stringify(message)}`);
  return port;
}

async function reach(host: string, port: number, timeoutMs: number): Promise<Socket> {
  const socket = connectTcp({ host, port });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve);
  socket.once("error", reject);
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error("Timeout (data connection)")));
  try {
    await promise;
    socket.setTimeout(0);
    return socket;
  } finally {
    socket.off("connect", resolve);
    socket.off("error", reject);
  }
}

function secure(ftp: FTPContext, tcp: Socket, tls: PrinterTls, { handshakeMs, onHang }: DataOptions): void {
  const session = ftp.tlsSessionStore;
  const socket = connectTls({ ...ftp.tlsOptions, ...(session === undefined ? {} : { session }), socket: tcp });
  const late = setTimeout(() => {
    onHang();
    ftp.closeWithError(new Error("Timeout (handshake of the data connection)"));
  }, handshakeMs);
  socket.once("close", () => clearTimeout(late));
  socket.once("secureConnect", () => {
    clearTimeout(late);
    try {
      // A resumed session is the one that was verified on the control connection.
      if (!socket.isSessionReused()) tls.verify(socket);
    } catch (error) {
      socket.destroy(error as Error);
    }
  });
  socket.on("session", (next: Buffer) => {
    ftp.tlsSessionStore = next;
  });
  take(ftp, socket);
}

/** Gives the socket to basic-ftp, without the listeners by which that closes everything at the first error. */
function take(ftp: FTPContext, socket: Socket): void {
  const events = ["error", "close", "timeout"] as const;
  const before = new Set(events.flatMap((event) => socket.rawListeners(event)));
  ftp.dataSocket = socket;
  for (const event of events) {
    for (const listener of socket.rawListeners(event)) {
      if (!before.has(listener)) socket.off(event, listener as () => void);
    }
  }
  socket.on("error", (error) => {
    setTimeout(() => {
      if (ftp.dataSocket === socket) ftp.closeWithError(error);
    }, replyFirstMs).unref();
  });
}
