// The credentials that an HTTP request shows, and comparing them so that the time taken tells
// nothing. Which credentials are good is not known here.

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** A secret, and the user name where one came with it. */
export interface Presented {
  readonly user: string | undefined;
  readonly secret: string;
}

/** Longest credential that is looked at, characters. */
const longest = 1000;

/** What the request shows: `Authorization: Basic` or `Bearer`, else `?token=`; undefined: nothing. */
export function presentedBy(request: Pick<IncomingMessage, "headers" | "url">): Presented | undefined {
  const header = request.headers.authorization;
  if (header !== undefined) return header.length > longest ? undefined : ofHeader(header);
  const query = request.url?.split("?", 2)[1] ?? "";
  const secret = new URLSearchParams(query.slice(0, 10 * longest)).get("token");
  return secret === null || secret === "" || secret.length > longest ? undefined : { user: undefined, secret };
}

function ofHeader(header: string): Presented | undefined {
  const [scheme = "", value = ""] = header.trim().split(/ +/u, 2);
  if (scheme.toLowerCase() === "bearer" && value !== "") return { user: undefined, secret: value };
  if (scheme.toLowerCase() !== "basic") return undefined;
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon === -1 ? undefined : { user: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** Whether two texts are equal, in a time that does not depend on where they differ. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
