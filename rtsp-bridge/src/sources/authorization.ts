// What a client answers to `WWW-Authenticate`: Digest where it is offered, else Basic. It keeps no
// session. Facts: RFC 7616 (Digest, MD5 and SHA-256), RFC 7617 (Basic); RTSP takes both (RFC 2326 §14).

import { createHash, randomBytes } from "node:crypto";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The value of `Authorization` for one request. */
export type Authorize = (method: string, url: string) => string;

const hashes: Readonly<Record<string, string>> = { MD5: "md5", "SHA-256": "sha256" };

/**
 * A way to answer one of the challenges, each the value of a `WWW-Authenticate` header; undefined where
 * none can be answered.
 */
export function answerTo(challenges: readonly string[], credentials: Credentials): Authorize | undefined {
  for (const challenge of challenges) {
    if (!/^digest\s/iu.test(challenge)) continue;
    const answer = digest(parameters(challenge), credentials);
    if (answer !== undefined) return answer;
  }
  if (!challenges.some((challenge) => /^basic\b/iu.test(challenge))) return undefined;
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
  return () => `Basic ${pair}`;
}

function digest(challenge: ReadonlyMap<string, string>, { username, password }: Credentials): Authorize | undefined {
  const algorithm = challenge.get("algorithm") ?? "MD5";
  const hash = hashes[algorithm.toUpperCase()];
  const realm = challenge.get("realm");
  const nonce = challenge.get("nonce");
  const offered = challenge
    .get("qop")
    ?.split(",")
    .map((name) => name.trim().toLowerCase());
  const isPlain = offered === undefined;
  if (hash === undefined || realm === undefined || nonce === undefined) return undefined;
  if (!isPlain && !offered.includes("auth")) return undefined;
  const digestOf = (text: string): string => createHash(hash).update(text).digest("hex");
  const who = digestOf(`${username}:${realm}:${password}`);
  let count = 0;
  return (method, url) => {
    const what = digestOf(`${method}:${url}`);
    const fields = [
      ["username", username],
      ["realm", realm],
      ["nonce", nonce],
      ["uri", url],
    ];
    if (isPlain) fields.push(["response", digestOf(`${who}:${nonce}:${what}`)]);
    const quoted = fields.map(([name, value]) => `${name}="${value}"`);
    if (!isPlain) {
      const nc = (count += 1).toString(16).padStart(8, "0");
      const cnonce = randomBytes(8).toString("hex");
      const response = digestOf(`${who}:${nonce}:${nc}:${cnonce}:auth:${what}`);
      quoted.push(`response="${response}"`, "qop=auth", `nc=${nc}`, `cnonce="${cnonce}"`);
    }
    const opaque = challenge.get("opaque");
    if (opaque !== undefined) quoted.push(`opaque="${opaque}"`);
    if (challenge.has("algorithm")) quoted.push(`algorithm=${algorithm}`);
    return `Digest ${quoted.join(", ")}`;
  };
}

/** `name=value` and `name="value"` of a challenge, by lower-case name. */
function parameters(challenge: string): ReadonlyMap<string, string> {
  const found = challenge.matchAll(/([a-z0-9_-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/giu);
  return new Map(Array.from(found, ([, name = "", quoted, bare = ""]) => [name.toLowerCase(), quoted ?? bare]));
}
