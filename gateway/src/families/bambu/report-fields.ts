// What the command handlers read out of the printer's own report. Types of its fields differ by model
// and firmware, so every reader coerces and none throws.

import type { Body, Report } from "./printer-link.ts";

/** An object's fields; none for anything else. */
export function fields(value: unknown): Body {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Body) : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A number, also one written as text; null for anything else. */
export function number(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.trim() === "") return null;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : null;
}

/** "" for anything but text. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A hex field of any length as bits; null where it is none. 32-bit arithmetic would cut it. */
export function bits(value: unknown): bigint | null {
  return typeof value === "string" && /^[0-9a-f]{1,64}$/iu.test(value) ? BigInt(`0x${value}`) : null;
}

export function gcodeState(report: Report): string {
  return text(report["gcode_state"]).toUpperCase();
}

const free = new Set(["IDLE", "FINISH", "FAILED", ""]);
const running = new Set(["RUNNING", "PREPARE", "SLICING"]);

/** Ready for a new job. */
export function isFree(report: Report): boolean {
  return free.has(gcodeState(report));
}

/** A job is under way and not paused. */
export function isRunning(report: Report): boolean {
  return running.has(gcodeState(report));
}

/** Whether the printer knows where an axis is. The flag is a signed number. */
export function isHomed(report: Report, axis: "x" | "y" | "z"): boolean {
  const flag = number(report["home_flag"]);
  return flag !== null && ((flag >>> "xyz".indexOf(axis)) & 1) === 1;
}
