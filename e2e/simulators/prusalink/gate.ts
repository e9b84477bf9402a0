// Who may ask: an API key, or HTTP digest with a nonce that grows old. The server's half of RFC 7616,
// with MD5, MD5-sess or SHA-256; it keeps no secret worth keeping.

import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface GateOptions {
  readonly apiKey: string;
  readonly username: string;
  readonly password: string;
  readonly algorithm: string;
}

export type Verdict =
  | { readonly kind: "allowed" }
  | { readonly kind: "bad-key" }
  | { readonly kind: "challenge"; readonly header: string };

export class Gate {
  /** Every credential is refused from now on. */
  closed = false;
  readonly #options: GateOptions;
  /** Nonces that are good, each bound to a user agent, and the highest count seen with it. */
  readonly #nonces = new Map<string, { readonly agent: string; count: number }>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** The nonces that clients hold are good no more; the next answer says that they are stale. */
  age(): void {
    this.#nonces.clear();
  }

  judge(request: IncomingMessage): Verdict {
    const key = request.headers["x-api-key"];
    if (key !== undefined) return { kind: key === this.#options.apiKey && !this.closed ? "allowed" : "bad-key" };
    const { authorization } = request.headers;
    const agent = request.headers["user-agent"] ?? "";
    if (authorization === undefined) return { kind: "challenge", header: this.#challenge(agent, false) };
    const parts = read(authorization);
    const nonce = this.#nonces.get(parts["nonce"] ?? "");
    if (nonce === undefined || nonce.agent !== agent) {
      return { kind: "challenge", header: this.#challenge(agent, true) };
    }
    const count = Number.parseInt(parts["nc"] ?? "", 16);
    if (!(count > nonce.count) || this.closed || parts["response"] !== this.#expected(request, parts)) {
      return { kind: "challenge", header: this.#challenge(agent, false) };
    }
    nonce.count = count;
    return { kind: "allowed" };
  }

  #challenge(agent: string, stale: boolean): string {
    const nonce = randomBytes(24).toString("hex");
    this.#nonces.set(nonce, { agent, count: 0 });
    const { algorithm } = this.#options;
    const more = stale ? ",stale=true" : "";
    return `Digest realm="Administrator",qop="auth",algorithm="${algorithm}",nonce="${nonce}",opaque="00ff"${more}`;
  }

  #expected(
    { method }: IncomingMessage,
    { nonce = "", cnonce = "", nc = "", uri = "" }: Readonly<Record<string, string>>,
  ): string {
    const { username, password, algorithm } = this.#options;
    const name = algorithm.startsWith("SHA-256") ? "sha256" : "md5";
    const hash = (...texts: readonly string[]): string => createHash(name).update(texts.join(":")).digest("hex");
    const user = hash(username, "Administrator", password);
    const secret = algorithm.endsWith("-sess") ? hash(user, nonce, cnonce) : user;
    return hash(secret, nonce, nc, cnonce, "auth", hash(method ?? "", uri));
  }
}

function read(header: string): Readonly<Record<string, string>> {
  const pairs = [...header.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gu)];
  return Object.fromEntries(pairs.map(([, key = "", quoted, plain]) => [key, quoted ?? plain ?? ""]));
}
