// HTTP Digest access authentication, the client's half: a challenge in, the value of an
// `Authorization` header out. Pure. Source: RFC 7616; PrusaLink 0.8.1 asks for MD5-sess (seen).

import { createHash } from "node:crypto";

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** As the server spells it; echoed. */
  readonly algorithm: string | undefined;
  /** Whether the server takes `qop=auth`; an old one knows none. */
  readonly auth: boolean;
  /** The nonce was too old; user and password may be right. */
  readonly stale: boolean;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Asked {
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly uri: string;
  /** Counts the requests with this nonce from 1. */
  readonly count: number;
  /** The client's own nonce: one for the whole life of a challenge, as `-sess` binds it to the first. */
  readonly cnonce: string;
}

const hashes: Readonly<Record<string, string>> = { MD5: "md5", "SHA-256": "sha256", "SHA-512-256": "sha512-256" };

/**
 * The strongest challenge in a `WWW-Authenticate` header that can be answered; undefined where
 * there is none.
 */
export function parseChallenge(header: string): Challenge | undefined {
  const found = header
    .split(/,?\s*(?=\bDigest\s)/iu)
    .filter((part) => /^Digest\s/iu.test(part))
    .map((part) => readChallenge(part))
    .filter((challenge) => challenge !== undefined);
  return found.toSorted((a, b) => strength(b) - strength(a))[0];
}

function readChallenge(part: string): Challenge | undefined {
  const values = new Map<string, string>();
  for (const [, key = "", quoted, plain] of part.matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/giu)) {
    values.set(key.toLowerCase(), quoted?.replaceAll(/\\(.)/gu, "$1") ?? plain ?? "");
  }
  const [realm, nonce, qop, algorithm] = ["realm", "nonce", "qop", "algorithm"].map((key) => values.get(key));
  if (realm === undefined || nonce === undefined || hashOf(algorithm) === undefined) return undefined;
  const auth = qop?.split(",").some((word) => word.trim().toLowerCase() === "auth") ?? false;
  // One that knows `auth-int` alone wants the body hashed.
  if (qop !== undefined && !auth) return undefined;
  return {
    realm,
    nonce,
    opaque: values.get("opaque"),
    algorithm,
    auth,
    stale: /^true$/iu.test(values.get("stale") ?? ""),
  };
}

/** Node's name of the hash; undefined for one that is not known. */
function hashOf(algorithm: string | undefined): string | undefined {
  return hashes[(algorithm ?? "MD5").toUpperCase().replace(/-SESS$/u, "")];
}

function strength({ algorithm }: Challenge): number {
  return hashOf(algorithm) === "md5" ? 0 : 1;
}

/** The value of the `Authorization` header for one request. */
export function authorization(challenge: Challenge, { username, password }: Credentials, asked: Asked): string {
  const { realm, nonce, opaque, algorithm, auth } = challenge;
  const hash = (text: string): string =>
    createHash(hashOf(algorithm) ?? "md5")
      .update(text)
      .digest("hex");
  const count = asked.count.toString(16).padStart(8, "0");
  const user = hash(`${username}:${realm}:${password}`);
  const secret = /-sess$/iu.test(algorithm ?? "") ? hash(`${user}:${nonce}:${asked.cnonce}`) : user;
  const request = hash(`${asked.method}:${asked.uri}`);
  const middle = auth ? `${nonce}:${count}:${asked.cnonce}:auth` : nonce;
  const parts = [
    `username=${quoted(username)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(asked.uri)}`,
    `response="${hash(`${secret}:${middle}:${request}`)}"`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    ...(auth || secret !== user ? [`cnonce=${quoted(asked.cnonce)}`] : []),
    ...(auth ? ["qop=auth", `nc=${count}`] : []),
  ];
  return `Digest ${parts.join(", ")}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/gu, String.raw`\$&`)}"`;
}
