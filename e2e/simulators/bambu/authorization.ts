// Whether a command may be done: Developer Mode off means that `print` and `upgrade` need a
// signature. Checks signatures with a configured public key; makes none.

import { constants, createPublicKey, type KeyObject, privateDecrypt, verify } from "node:crypto";

type JsonObject = Readonly<Record<string, unknown>>;
export type Verdict = "allowed" | "unsigned" | "malformed" | "wrong";

/** Answered without a signature also where signatures are wanted. */
const free: ReadonlySet<string> = new Set(["print.extrusion_cali_get"]);
const signedTypes: ReadonlySet<string> = new Set(["print", "upgrade"]);

export class Authorization {
  /** Developer Mode is off. */
  locked = false;
  /** Refusals are an echo without `result`, as P1S 01.10 does. */
  noResult = false;
  /** Signatures are over the message as it was sent, without its header. */
  raw = false;
  /** G-code must come encrypted. */
  encryptedGcode = false;
  /** `cert_id`s that it knows, with or without their issuer. */
  certIds: readonly string[] = [];
  #publicKey: KeyObject | undefined;

  /** Knows this signer from now on. @throws Error for a PEM that holds no key */
  trust(pem: string, certId: string): void {
    this.#publicKey = createPublicKey(pem);
    this.certIds = [certId];
  }

  judge(type: string, command: string, message: JsonObject): Verdict {
    if (!this.locked || !signedTypes.has(type) || free.has(`${type}.${command}`)) return "allowed";
    const { header } = message;
    if (header === undefined) return "unsigned";
    if (!isHeader(header)) return "malformed";
    const bytes = Buffer.from(this.raw ? rawText(message) : canonicalText(type, message[type]));
    if (header.payload_len !== bytes.length) return "wrong";
    if (this.#publicKey === undefined || !this.#knows(header.cert_id)) return "wrong";
    const signature = Buffer.from(header.sign_string, "base64");
    return verify("RSA-SHA256", bytes, this.#publicKey, signature) ? "allowed" : "wrong";
  }

  #knows(certId: string): boolean {
    return this.certIds.some((known) => certId === known || certId.split("CN=", 1)[0] === known.split("CN=", 1)[0]);
  }
}

interface Header {
  readonly sign_ver: string;
  readonly sign_alg: string;
  readonly sign_string: string;
  readonly cert_id: string;
  readonly payload_len: number;
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== "object" || value === null) return false;
  const header = value as Partial<Header>;
  return (
    header.sign_ver === "v1.0" &&
    header.sign_alg === "RSA_SHA256" &&
    typeof header.sign_string === "string" &&
    /^[A-Za-z0-9+/]+={0,2}$/.test(header.sign_string) &&
    typeof header.cert_id === "string" &&
    Number.isInteger(header.payload_len)
  );
}

/** The text of an encrypted G-code. @returns undefined when it does not decrypt */
export function decryptGcode(encrypted: unknown, privateKeyPem: string): string | undefined {
  if (typeof encrypted !== "string") return undefined;
  try {
    const key = { key: privateKeyPem, padding: constants.RSA_PKCS1_PADDING };
    return privateDecrypt(key, Buffer.from(encrypted, "base64")).toString("utf8");
  } catch {
    // Not made with this printer's key.
    return undefined;
  }
}

/** `{"type":` + the inner object with sorted keys and without spaces + `}`; beyond ASCII as \uXXXX. */
function canonicalText(type: string, inner: unknown): string {
  const text = `{${JSON.stringify(type)}:${JSON.stringify(sorted(inner))}}`;
  return text.replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function rawText({ header: _header, ...rest }: JsonObject): string {
  return JSON.stringify(rest);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
