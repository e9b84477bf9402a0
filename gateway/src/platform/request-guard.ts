// Tells requests of strangers' web pages from others: a page elsewhere that asks here (cross-site),
// and a page whose own name was pointed at this machine (DNS rebinding). Who then answers what is
// the server's business.

import { isIP } from "node:net";

/** Names that only a local network gives out, so no stranger's page can bear one. */
const localSuffixes = [".local", ".lan", ".home", ".internal", ".localdomain", ".home.arpa", ".localhost"];

/**
 * Why a request with this Host header is not answered; undefined where it is: an address, a name
 * without a dot, a local name, or one of `allowed` (lower case).
 */
export function refusedHost(header: string | undefined, allowed: ReadonlySet<string>): string | undefined {
  const host = hostname(header === undefined ? undefined : `http://${header}`);
  if (host !== undefined && (allowed.has(host) || isLocalName(host))) return undefined;
  return (
    `the name ${JSON.stringify(header ?? "")} is not one that is answered to here; ` +
    "use the address, or add the name to gateway.allowed_hosts in the inventory"
  );
}

/** Why a page of this Origin may not ask this Host; undefined where it may, or where no page asks. */
export function refusedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: ReadonlySet<string>,
): string | undefined {
  if (origin === undefined) return undefined;
  const url = parse(origin);
  const own = parse(`http://${host ?? ""}`);
  // The scheme is left out: behind a proxy that ends TLS the page is https and this request http.
  if (url !== undefined && own !== undefined && url.host === own.host) return undefined;
  const name = hostname(origin);
  if (name !== undefined && allowed.has(name)) return undefined;
  return (
    `a web page of ${JSON.stringify(origin)} may not do this here; ` +
    "if that is this service behind a proxy, add its name to gateway.allowed_hosts in the inventory"
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
