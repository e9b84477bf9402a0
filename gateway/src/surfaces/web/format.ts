// A telemetry value as people read it.

import type { TelemetryPoint, Value } from "../../model/telemetry-point.ts";
import { units } from "../../model/units.ts";

/** The value with its unit; a dash where it is unknown. */
export function formatValue(point: TelemetryPoint, value: Value): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return point.key.endsWith(".on") ? onOff(value) : yesNo(value);
  if (typeof value === "string")
    return point.kind === "instant" ? `${value.slice(0, 19).replace("T", " ")} UTC` : value;
  if (point.unit === undefined) return String(rounded(value));
  if (point.unit === "seconds") return formatDuration(value);
  if (point.unit === "bytes") return formatBytes(value);
  const { symbol, displayFactor } = units[point.unit];
  // A tenth of a millimetre is coarse where layers are two of them.
  return `${rounded(value * displayFactor, point.unit === "millimeters" ? 2 : 1)} ${symbol}`;
}

function onOff(value: boolean): string {
  return value ? "on" : "off";
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

function rounded(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

/** In the powers of 1000 that storage is sold in: `6.9 GB`. */
export function formatBytes(bytes: number): string {
  const symbols = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(symbols.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${rounded(bytes / 1000 ** power)} ${symbols[power]}`;
}

/** Two units are enough: `1 h 18 min`. */
export function formatDuration(seconds: number): string {
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
