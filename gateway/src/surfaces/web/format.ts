// A telemetry value as people read it.

import type { TelemetryPoint, Value } from "../../model/telemetry-point.ts";
import { units } from "../../model/units.ts";

/** The value with its unit; a dash where it is unknown. */
export function formatValue(point: TelemetryPoint, value: Value): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string")
    return point.kind === "instant" ? `${value.slice(0, 19).replace("T", " ")} UTC` : value;
  if (point.unit === "seconds") return formatDuration(value);
  const { symbol, displayFactor } = point.unit === undefined ? { symbol: "", displayFactor: 1 } : units[point.unit];
  return `${Number((value * displayFactor).toFixed(1))} ${symbol}`.trim();
}

/** Two units are enough: `1 h 18 min`. */
function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
