// Who answers at an address, by the certificate of its MQTT port: the one thing that cannot be said by
// somebody else. Nothing is sent, no access code is needed.

import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { serialOf } from "./discovery-announcement.ts";
import { vendorCertificates } from "../trust/trust.ts";

const openMs = 1500;
const handshakeMs = 8000;

export interface CertifiedPrinter {
  readonly address: string;
  /** The certificate's common name. */
  readonly serial: string;
  /** The vendor's CAs, or the operator's, vouch for it; otherwise only that it shows such a certificate. */
  readonly trusted: boolean;
}

export interface IdentityOptions {
  /** Of its MQTT broker. */
  readonly port: number;
  /** Further CA certificates, each in PEM form. */
  readonly ca?: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * @param serial what it claims to be: newer firmware chooses its certificate by it
 * @returns undefined when no printer answers. Throws only on abort.
 */
export async function identify(
  address: string,
  serial: string | undefined,
  { port, ca = [], signal }: IdentityOptions,
): Promise<CertifiedPrinter | undefined> {
  signal.throwIfAborted();
  const socket = connectTls({
    host: address,
    port,
    ca: [...vendorCertificates(), ...ca],
    minVersion: "TLSv1.2",
    // Looked at below: a printer whose CA is not known is shown as such.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(serial === undefined ? {} : { servername: serial }),
  });
  socket.on("error", () => undefined); // told by `once`
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.any([signal, AbortSignal.timeout(handshakeMs)]) });
    const name = serialOf(socket.getPeerCertificate().subject?.CN);
    if (name === undefined || (serial !== undefined && serial !== name)) return undefined;
    return { address, serial: name, trusted: socket.authorized };
  } catch {
    signal.throwIfAborted();
    return undefined; // nobody, or no TLS
  } finally {
    socket.destroy();
  }
}

/** Whether somebody listens there. Throws only on abort. */
export async function isOpen(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const socket = connectTcp({ host, port });
  socket.on("error", () => undefined); // told by `once`
  try {
    await once(socket, "connect", { signal: AbortSignal.any([signal, AbortSignal.timeout(openMs)]) });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    socket.destroy();
  }
}
