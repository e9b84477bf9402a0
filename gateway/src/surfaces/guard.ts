// Keeps web pages of strangers from driving printers: a page elsewhere that posts here (cross-site),
// and a page whose own name was pointed at this machine (DNS rebinding). There are no CORS headers.

import { isIP } from "node:net";
import type { RequestHandler } from "express";
import { PrinterError } from "../model/errors.ts";

/** Names that only a local network gives out, so no stranger's page can bear one. */
const localSuffixes = [".local", ".lan", ".home", ".internal", ".home.arpa", ".localhost"];

/** Refuses, with PrinterError `forbidden`, what did not come from this gateway's own address. */
export function guard(allowedHosts: () => readonly string[]): RequestHandler {
  return (request, _response, next) => {
    const allowed = new Set(allowedHosts().map((host) => host.toLowerCase()));
    checkHost(request.headers.host, allowed);
    checkOrigin(request.headers.origin, request.headers.host, allowed);
    next();
  };
}

function checkHost(header: string | undefined, allowed: ReadonlySet<string>): void {
  const host = hostname(header === undefined ? undefined : `http://${header}`);
  if (host !== undefined && (allowed.has(host) || isLocalName(host))) return;
  throw new PrinterError(
    "forbidden",
    `the name ${JSON.stringify(header ?? "")} is not one this gateway answers to; ` +
      "use its address, or add the name to gateway.allowed_hosts in the inventory",
  );
}

function checkOrigin(origin: string | undefined, host: string | undefined, allowed: ReadonlySet<string>): void {
  if (origin === undefined) return;
  const url = parse(origin);
  const own = parse(`http://${host ?? ""}`);
  // The scheme is left out: behind a proxy that ends TLS the page is https and this request http.
  if (url !== undefined && own !== undefined && url.host === own.host) return;
  const name = hostname(origin);
  if (name !== undefined && allowed.has(name)) return;
  throw new PrinterError(
    "forbidden",
    `a web page of ${JSON.stringify(origin)} may not do this here; ` +
      "if that is this gateway behind a proxy, add its name to gateway.allowed_hosts in the inventory",
  );
}

function isLocalName(host: string): boolean {
  const bare = host.replaceAll(/^\[|\]$/gu, "");
  if (isIP(bare) !== 0) return true;
  return !host.includes(".") || localSuffixes.some((suffix) => host.endsWith(suffix));
}

/** The name in lower case, without port and without the dot that may end it. */
function hostname(url: string | undefined): string | undefined {
  const name = url === undefined ? undefined : parse(url)?.hostname.replace(/\.$/u, "");
  return name === "" ? undefined : name;
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}
