// Checks the Authorization header of RTSP: Digest (RFC 2617, MD5, with and without qop) and Basic.

import { createHash, randomBytes } from "node:crypto";

const realm = "LIVE555 Streaming Media";

export class Login {
  readonly #nonce = randomBytes(16).toString("hex");

  /** Values of WWW-Authenticate, the better one first. */
  get challenges(): readonly string[] {
    return [`Digest realm="${realm}", nonce="${this.#nonce}"`, `Basic realm="${realm}"`];
  }

  /** Whether the header proves that its sender knows `password`. */
  accepts(authorization: string, method: string, user: string, password: string): boolean {
    const [, scheme = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(authorization) ?? [];
    if (/^basic$/i.test(scheme)) return Buffer.from(rest, "base64").toString("utf8") === `${user}:${password}`;
    if (!/^digest$/i.test(scheme)) return false;
    const fields = new Map(
      [...rest.matchAll(/(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/g)].map(([, key, quoted, bare]) => [key, quoted ?? bare]),
    );
    const field = (name: string): string => fields.get(name) ?? "";
    const secret = md5(`${user}:${realm}:${password}`);
    const request = md5(`${method}:${field("uri")}`);
    const middle = fields.has("qop") ? `${field("nc")}:${field("cnonce")}:${field("qop")}:` : "";
    const expected = md5(`${secret}:${this.#nonce}:${middle}${request}`);
    return field("username") === user && field("nonce") === this.#nonce && field("response") === expected;
  }
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
