// GET /metrics in the Prometheus text format. A scrape reads what the fleet knows and never
// asks a printer.

import { Router, type Request, type RequestHandler, type Response } from "express";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Fleet } from "../../fleet/fleet.ts";
import { mount, query } from "../route.ts";
import type { HttpSurface, SurfaceOptions } from "../surface.ts";
import { registerCameraMetrics } from "./camera-metrics.ts";
import { FleetCounters } from "./fleet-counters.ts";
import { registerGatewayGauges, type GatewayFacts } from "./gateway-gauges.ts";
import { measureRequests } from "./http-metrics.ts";
import { metricsRoute } from "./metrics-route.ts";
import { registerPrinterGauges } from "./printer-gauges.ts";

export interface MetricsSurface extends HttpSurface {
  /** Goes in front of every route. */
  readonly measure: RequestHandler;
}

export interface MetricsOptions extends SurfaceOptions {
  readonly facts: GatewayFacts;
}

/** Default metrics that prom-client names like counters though they are gauges. */
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

export function startMetrics(fleet: Fleet, { clock, facts }: MetricsOptions): MetricsSurface {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  registerGatewayGauges(fleet, registry, facts);
  registerPrinterGauges(fleet, registry);
  registerCameraMetrics(fleet, registry);
  const counters = new FleetCounters(fleet, registry, clock);
  const measure = measureRequests(registry, clock);
  const router = Router();
  const handle = async (request: Request, response: Response): Promise<void> => {
    const printer = query(request, "printer");
    if (printer !== undefined) fleet.get(printer);
    await counters.prepare();
    const text = await registry.metrics();
    response.set("Content-Type", registry.contentType);
    response.end(printer === undefined ? text : onlyOf(printer, text));
  };
  mount(router, [{ ...metricsRoute, handle }]);
  return {
    router,
    measure,
    [Symbol.asyncDispose]: async () => {
      counters[Symbol.dispose]();
    },
  };
}

/** The samples that carry this printer's label, with the comments of their metrics. */
function onlyOf(printer: string, text: string): string {
  // A quotation mark inside a label value is escaped, so no other label can look like this one.
  const label = new RegExp(`[{,]printer="${printer}"`, "u");
  const metrics = text.split("\n\n").map((metric) => {
    const lines = metric.split("\n").filter((line) => line !== "");
    const samples = lines.filter((line) => !line.startsWith("#") && label.test(line));
    return samples.length === 0 ? [] : [...lines.filter((line) => line.startsWith("#")), ...samples];
  });
  return `${metrics.flat().join("\n")}\n`;
}
