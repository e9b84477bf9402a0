// The route of /metrics as data, apart from its handler so that the OpenAPI document can tell of it.

import type { Route } from "../route.ts";

export const metricsRoute: Omit<Route, "handle"> = {
  method: "get",
  path: "/metrics",
  operationId: "getMetrics",
  summary: "Metrics in the Prometheus text format.",
  query: [{ name: "printer", description: "Only this printer's samples.", schema: { type: "string" } }],
  answers: { "200": { type: "text/plain", description: "The metrics." } },
  errors: ["not_found"],
};
