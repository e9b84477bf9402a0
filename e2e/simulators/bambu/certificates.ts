// The certificate of one simulated printer: made at its start, under a root of its own, so that no
// private key is in the repository. Form: the maker's (RSA 2048, CN = serial, no subjectAltName).
// Layout: RFC 5280, section 4.1.

import { generateKeyPair, type KeyObject, randomBytes, sign } from "node:crypto";
import type { TlsOptions } from "node:tls";
import { promisify } from "node:util";
import {
  asn1Null,
  bitString,
  booleanTrue,
  explicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  utcTime,
  utf8String,
} from "./der.ts";

/** PEM, each. */
export interface Identity {
  /** The root that clients have to trust. */
  readonly ca: string;
  /** The leaf that every port of the printer shows. */
  readonly cert: string;
  readonly key: string;
}

interface Certificate {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuer: string;
  readonly issuerKey: KeyObject;
  readonly extensions?: Buffer;
}

const rootName = "Gantry simulated BBL CA";
const dayMs = 86_400_000;
const yearsOfValidity = 10;
const oid = {
  commonName: "2.5.4.3",
  sha256WithRsa: "1.2.840.113549.1.1.11",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
} as const;

const generateKeys = promisify(generateKeyPair);

/** Makes a root and a leaf whose CN is `serial`, good for ten years from yesterday. */
export async function createIdentity(serial: string): Promise<Identity> {
  const rsa = { modulusLength: 2048 };
  const [root, leaf] = await Promise.all([generateKeys("rsa", rsa), generateKeys("rsa", rsa)]);
  const issued = { issuer: rootName, issuerKey: root.privateKey };
  return {
    ca: certificate({ subject: rootName, publicKey: root.publicKey, ...issued, extensions: authority() }),
    cert: certificate({ subject: serial, publicKey: leaf.publicKey, ...issued }),
    key: leaf.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** What every TLS port of the printer listens with: version 1.2 only, unless newer firmware is played. */
export function serverTls(
  identity: Identity,
  options: { readonly allowTls13: boolean },
): Pick<TlsOptions, "key" | "cert" | "minVersion" | "maxVersion"> {
  return {
    key: identity.key,
    cert: identity.cert,
    minVersion: "TLSv1.2",
    maxVersion: options.allowTls13 ? "TLSv1.3" : "TLSv1.2",
  };
}

/** PEM */
function certificate({ subject, publicKey, issuer, issuerKey, extensions }: Certificate): string {
  const algorithm = sequence(objectIdentifier(oid.sha256WithRsa), asn1Null);
  const from = new Date(Date.now() - dayMs);
  const until = new Date(from.getTime() + yearsOfValidity * 365 * dayMs);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    // Positive and without a leading zero, whatever the dice say.
    integer(Buffer.concat([Buffer.from([0x41]), randomBytes(15)])),
    algorithm,
    name(issuer),
    sequence(utcTime(from), utcTime(until)),
    name(subject),
    publicKey.export({ type: "spki", format: "der" }),
    ...(extensions === undefined ? [] : [explicit(3, extensions)]),
  );
  const signature = bitString(sign("sha256", body, issuerKey));
  const lines =
    sequence(body, algorithm, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(oid.commonName), utf8String(commonName))));
}

/** It may sign certificates (keyCertSign, bit 5) and nothing else. */
function authority(): Buffer {
  return sequence(
    sequence(objectIdentifier(oid.basicConstraints), booleanTrue, octetString(sequence(booleanTrue))),
    sequence(objectIdentifier(oid.keyUsage), booleanTrue, octetString(bitString(Buffer.from([0x04]), 2))),
  );
}
