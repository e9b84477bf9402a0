// Keeps web pages of strangers from reading and driving printers. What such a page is, is known in
// platform/request-guard.ts. There are no CORS headers.

import type { RequestHandler } from "express";
import { refusedHost, refusedOrigin } from "@gantry/platform/request-guard";
import { PrinterError } from "../model/errors.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses, with PrinterError `forbidden`, what did not come from this gateway's own address:
 * changes and all of MCP, whose streams carry answers of tools, and reading of the API under a
 * stranger's name. Health and metrics, which scrapers ask for under any name, stay open, and so does
 * a reader that names no host, for every browser does.
 */
export function guard(allowedHosts: () => readonly string[]): RequestHandler {
  return (request, _response, next) => {
    const changes = !safeMethods.has(request.method) || /^\/mcp(?:\/|$)/iu.test(request.path);
    const reads = /^\/api(?:\/|$)/iu.test(request.path) && request.headers.host !== undefined;
    if (!changes && !reads) return next();
    const { host, origin } = request.headers;
    const allowed = new Set(allowedHosts().map((name) => name.toLowerCase()));
    const refused = refusedHost(host, allowed) ?? (changes ? refusedOrigin(origin, host, allowed) : undefined);
    if (refused !== undefined) throw new PrinterError("forbidden", refused);
    next();
  };
}
