// How long requests took, by route template and class of status; never by path.

import { Histogram, type Registry } from "prom-client";
import type { RequestHandler } from "express";
import type { Clock } from "@gantry/platform/clock";
import { routeOf } from "../route.ts";

const methods = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);

/** Middleware that measures each request to the end of its answer; endless streams are left out. */
export function measureRequests(registry: Registry, clock: Clock): RequestHandler {
  const histogram = new Histogram({
    name: "gantry_http_request_duration_seconds",
    help: "How long HTTP requests took.",
    labelNames: ["method", "route", "status_class"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  return (request, response, next) => {
    const beganMs = clock.monotonic();
    response.once("close", () => {
      const type = String(response.getHeader("Content-Type") ?? "");
      if (request.method === "GET" && /^(?:text\/event-stream|multipart\/)/u.test(type)) return;
      const method = methods.has(request.method) ? request.method : "other";
      // A client that left before its answer has none: 499, as the problem would have said.
      const status = response.headersSent ? response.statusCode : 499;
      const statusClass = `${Math.floor(status / 100)}xx`;
      const labels = { method, route: routeOf(response), status_class: statusClass };
      histogram.observe(labels, (clock.monotonic() - beganMs) / 1000);
    });
    next();
  };
}
