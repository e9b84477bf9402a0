// One gauge per metric name of the telemetry table. What is unknown, or not there, has no
// sample: a stale or zero temperature would be a lie.

import { Gauge, type Registry } from "prom-client";
import type { Fleet, Printer } from "../../fleet/fleet.ts";
import { metricName } from "../../model/naming.ts";
import { telemetry } from "../../model/telemetry.ts";
import { groups, metricLabels, type TelemetryPoint, type Value } from "../../model/telemetry-point.ts";
import { units } from "../../model/units.ts";

type Labels = Readonly<Record<string, string>>;
interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** The metric of a point; undefined where its row leaves it out. */
export function metricOf(point: TelemetryPoint): string | undefined {
  if (point.metric === false) return undefined;
  return point.metric === undefined ? metricName(point.key) : `gantry_${point.metric.name}`;
}

/** Registers the gauges; each scrape reads the fleet as it is then. */
export function registerPrinterGauges(fleet: Fleet, registry: Registry): void {
  const byName = Map.groupBy(telemetry, metricOf);
  for (const [name, points] of byName) {
    const [first] = points;
    if (name === undefined || first === undefined) continue;
    const help = (first.metric === false ? undefined : first.metric?.help) ?? first.summary;
    const labelNames = ["printer", ...new Set(points.flatMap((point) => labelNamesOf(point)))];
    const collect = function collect(this: Gauge): void {
      this.reset();
      for (const printer of fleet.list()) {
        for (const { labels, value } of points.flatMap((point) => samples(point, printer))) {
          this.set({ printer: printer.id, ...labels }, value);
        }
      }
    };
    registry.registerMetric(new Gauge({ name, help, labelNames, registers: [], collect }));
  }
}

function labelNamesOf(point: TelemetryPoint): string[] {
  const fixed = point.metric === false ? [] : Object.keys(point.metric?.labels ?? {});
  const repeated = point.per === undefined ? [] : Object.keys(groups[point.per].metricLabels);
  return [...fixed, ...repeated, ...(point.kind === "enum" ? ["state"] : [])];
}

function samples(point: TelemetryPoint, { state, has }: Printer): Sample[] {
  if (point.needs !== undefined && !has.has(point.needs)) return [];
  const fixed = point.metric === false ? {} : (point.metric?.labels ?? {});
  if (point.per === undefined) return valueSamples(point, fixed, point.read(state));
  const labels = metricLabels(point.per, state);
  return point.read(state).flatMap((value, index) => valueSamples(point, { ...fixed, ...labels[index] }, value));
}

function valueSamples(point: TelemetryPoint, labels: Labels, value: Value): Sample[] {
  if (value === undefined || value === null) return [];
  if (point.kind === "enum") {
    return (point.values ?? []).map((state) => ({ labels: { ...labels, state }, value: state === value ? 1 : 0 }));
  }
  const number = point.kind === "instant" ? Date.parse(String(value)) / 1000 : Number(value);
  if (!Number.isFinite(number)) return [];
  return [{ labels, value: number * (point.unit === undefined ? 1 : units[point.unit].metricFactor) }];
}
