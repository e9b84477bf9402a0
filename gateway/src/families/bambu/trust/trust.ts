// Whom this family's TLS connections trust: options for `tls.connect`, and the check that is made
// before anything is sent. Not the connections themselves. Facts: the family's README.

import { readFileSync } from "node:fs";
import type { ConnectionOptions, PeerCertificate, TLSSocket } from "node:tls";
import type { Log } from "@gantry/platform/log";
import { PrinterError } from "../../../model/errors.ts";
import { readCertificates, type Connection } from "../connection.ts";
import { Pin } from "./trust-pin.ts";

/** A wrong certificate does not right itself; whoever mends the inventory connects anew at once. */
const distrustRetryMs = 300_000;

export interface PrinterTls {
  /** For `tls.connect`, beside host and port. */
  readonly options: ConnectionOptions;
  /**
   * Call it once the handshake is done, before anything is sent; not for a resumed session.
   * @throws PrinterError `printer_auth` when this is not the pinned printer
   */
  verify(socket: TLSSocket): void;
}

export interface TrustOptions {
  /** TCP port that is connected to: pins are kept for each. */
  readonly port: number;
  /** This printer's own folder, for pins. */
  readonly dataFolder: string;
  readonly log: Log;
}

type TrustedConnection = Pick<Connection, "serial" | "tls" | "tls_ca" | "client_certificate" | "client_key">;

/** How to connect to a port of the printer, by the inventory's `tls`. */
export function printerTls(connection: TrustedConnection, { port, dataFolder, log }: TrustOptions): PrinterTls {
  // By the server name newer firmware chooses its certificate.
  const base: ConnectionOptions = { servername: connection.serial, minVersion: "TLSv1.2" };
  if (connection.client_certificate !== undefined) base.cert = connection.client_certificate;
  if (connection.client_key !== undefined) base.key = connection.client_key;
  switch (connection.tls) {
    case "verify":
      return { options: { ...base, ...verified(connection) }, verify: () => undefined };
    case "pin": {
      const pin = new Pin({ port, folder: dataFolder, log });
      return { options: { ...base, rejectUnauthorized: false }, verify: (socket) => pin.check(fingerprint(socket)) };
    }
    case "insecure":
      return { options: { ...base, rejectUnauthorized: false }, verify: () => undefined };
  }
}

function verified(connection: TrustedConnection): ConnectionOptions {
  const own = connection.tls_ca === undefined ? [] : readCertificates(connection.tls_ca);
  return {
    ca: [...vendorCertificates(), ...own],
    rejectUnauthorized: true,
    checkServerIdentity: (_name, certificate) => wrongName(connection.serial, certificate),
  };
}

function wrongName(serial: string, { subject }: PeerCertificate): PrinterError | undefined {
  // A certificate without a subject is possible; the types do not know it.
  if ((subject as { CN?: unknown } | undefined)?.CN === serial) return undefined;
  // The serial number in it is another machine's, or anything: it is not repeated.
  return distrusted("the certificate at the printer's address is of another serial number; is `serial` right?");
}

/** The vendor's public CA certificates, each in PEM form. */
export function vendorCertificates(): readonly string[] {
  return readCertificates(readFileSync(new URL("vendor-ca.pem", import.meta.url), "utf8"));
}

/** SHA-256 of the certificate that the other side showed, lower-case hex. */
export function fingerprint(socket: TLSSocket): string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw distrusted("the printer shows no certificate");
  return certificate.fingerprint256.replaceAll(":", "").toLowerCase();
}

/** What OpenSSL and Node call a certificate that does not hold. */
const certificateFaults = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_CERT_)/u;

/** Names any failure of a TLS connection to the printer, certificates included. */
export function tlsFailure(thrown: unknown): PrinterError {
  if (thrown instanceof PrinterError) return thrown;
  const { code } = thrown as NodeJS.ErrnoException;
  if (typeof code !== "string") return PrinterError.from(thrown);
  if (certificateFaults.test(code)) {
    const why = code === "CERT_HAS_EXPIRED" ? "has run out" : "is not from the vendor";
    const words = `the certificate at the printer's address ${why}; if it is your printer all the same, set \`tls: pin\` or \`tls_ca_file\``;
    return distrusted(words, thrown);
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) {
    return new PrinterError("protocol", "what answers at the printer's port does not speak TLS", { cause: thrown });
  }
  return PrinterError.from(thrown);
}

function distrusted(words: string, cause?: unknown): PrinterError {
  return new PrinterError("printer_auth", words, {
    retryAfterMs: distrustRetryMs,
    ...(cause === undefined ? {} : { cause }),
  });
}
