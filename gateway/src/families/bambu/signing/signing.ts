// Signatures with the operator's own key: the bytes that are signed, the header that carries the
// signature, and the encryption of G-code for the printer. It sends nothing and knows no key of its own.
// Facts: the family's README.

import {
  constants,
  createPrivateKey,
  createPublicKey,
  publicEncrypt,
  sign,
  X509Certificate,
  type KeyObject,
} from "node:crypto";
import { PrinterError } from "../../../model/errors.ts";
import type { Body, MessageType } from "../printer-link.ts";

export interface SigningOptions {
  /** The operator's private RSA key and its certificate, PEM. */
  readonly keyPem: string;
  readonly certificatePem: string;
  /** How the printer calls the certificate. Default: its serial number, 32 lower-case hex digits. */
  readonly certificateId?: string;
  /** `canonical`: the type with its object, keys sorted; `raw`: the message as it is written. */
  readonly form?: "canonical" | "raw";
  /** The printer's own public key or certificate, PEM: without it no G-code can be sent signed. */
  readonly printerKeyPem?: string;
}

/** As it stands beside the command on the wire. */
export interface SignatureHeader {
  readonly sign_ver: string;
  readonly sign_alg: string;
  readonly sign_string: string;
  readonly cert_id: string;
  readonly payload_len: number;
}

export interface Signer {
  readonly certificateId: string;
  /** The longest G-code that one message can carry, bytes; null where none can be encrypted. */
  readonly gcodeBytes: number | null;
  /** @throws PrinterError `invalid_input` for what must not be signed: text beyond ASCII, fractions */
  sign(type: string, inner: Body): { readonly inner: Body; readonly header: SignatureHeader };
  /** Base64. @throws PrinterError `unsupported` without the printer's key, `invalid_input` when it is too long */
  encrypt(gcode: string): string;
}

/** @throws PrinterError `invalid_input` when key and certificate cannot be read or do not belong together */
export function createSigner(options: SigningOptions): Signer {
  const { form = "canonical" } = options;
  const [key, certificate] = readPair(options);
  const printerKey = options.printerKeyPem === undefined ? null : readPrinterKey(options.printerKeyPem);
  const certificateId = options.certificateId ?? certificate.serialNumber.toLowerCase().padStart(32, "0");
  // PKCS #1 v1.5 needs eleven bytes of a block for itself.
  const gcodeBytes = printerKey === null ? null : (printerKey.asymmetricKeyDetails?.modulusLength ?? 2048) / 8 - 11;
  return {
    certificateId,
    gcodeBytes,
    sign: (type, inner) => {
      const ordered = form === "canonical" ? (sorted(inner) as Body) : inner;
      const bytes = Buffer.from(JSON.stringify({ [type]: ordered }));
      demandSignable(inner, bytes);
      const header = {
        sign_ver: "v1.0",
        sign_alg: "RSA_SHA256",
        sign_string: sign("RSA-SHA256", bytes, key).toString("base64"),
        cert_id: certificateId,
        payload_len: bytes.length,
      };
      return { inner: ordered, header };
    },
    encrypt: (gcode) => {
      if (printerKey === null || gcodeBytes === null) throw new PrinterError("unsupported", gcodeNeedsKey);
      const text = Buffer.from(gcode);
      if (text.length > gcodeBytes) {
        throw new PrinterError("invalid_input", `a signed message carries at most ${gcodeBytes} bytes of G-code`);
      }
      return publicEncrypt({ key: printerKey, padding: constants.RSA_PKCS1_PADDING }, text).toString("base64");
    },
  };
}

export const gcodeNeedsKey =
  "G-code is not supported while the printer is locked: it wants it encrypted with its own public key, " +
  "which is not configured; switch on Developer Mode on the printer, or configure that key";

/** The message with its signature. @throws PrinterError as `sign` and `encrypt` do */
export function signedMessage(signer: Signer, type: MessageType, inner: Body): Body {
  const { inner: signed, header } = signer.sign(type, encrypted(signer, type, inner));
  return { [type]: signed, header };
}

function encrypted(signer: Signer, type: MessageType, inner: Body): Body {
  if (type !== "print" || inner["command"] !== "gcode_line") return inner;
  const { param, ...rest } = inner;
  return { ...rest, param_enc: signer.encrypt(typeof param === "string" ? param : "") };
}

/** A key that is not RSA, or of another certificate, would only be found out by the printer. */
function readPair({ keyPem, certificatePem }: SigningOptions): readonly [KeyObject, X509Certificate] {
  const key = parsed("the signing key is not a PEM private key", () => createPrivateKey(keyPem));
  if (key.asymmetricKeyType !== "rsa") throw new PrinterError("invalid_input", "the signing key must be an RSA key");
  const certificate = parsed(
    "the signing certificate is not a PEM certificate",
    () => new X509Certificate(certificatePem),
  );
  if (certificate.checkPrivateKey(key)) return [key, certificate];
  throw new PrinterError("invalid_input", "the signing certificate is not the one of the signing key");
}

function readPrinterKey(pem: string): KeyObject {
  const key = parsed("the printer's public key is not a PEM key or certificate", () => createPublicKey(pem));
  if (key.asymmetricKeyType === "rsa") return key;
  throw new PrinterError("invalid_input", "the printer's public key must be an RSA key");
}

/** Without the cause: what a parser says of a key may quote it. */
function parsed<Value>(words: string, parse: () => Value): Value {
  try {
    return parse();
  } catch {
    throw new PrinterError("invalid_input", words);
  }
}

/** How the other side writes text beyond ASCII and fractions is not known, so neither is signed. */
function demandSignable(inner: Body, bytes: Buffer): void {
  if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) {
    throw new PrinterError("invalid_input", "a signed command takes ASCII only: rename the file or object it names");
  }
  if (!isWhole(inner)) throw new PrinterError("invalid_input", "a signed command takes whole numbers only");
}

function isWhole(value: unknown): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value);
  return typeof value !== "object" || value === null || Object.values(value).every((part) => isWhole(part));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((part) => sorted(part));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}
