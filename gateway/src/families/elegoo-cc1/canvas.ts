// The Canvas material unit: when it may be asked for, and its answer as materials. Pure.
// Layout: command 324 of firmware 1.4, ./README.md.

import type { Material } from "../../model/printer.ts";
import { fields, isFields, number, text, type Fields } from "./codec.ts";
import type { Firmware } from "./firmware.ts";
import { isKnownTo } from "./request-table.ts";

export interface Canvas {
  readonly materials: readonly Material[];
  readonly autoRefill: boolean | null;
}

/** The tray's status while it feeds the nozzle. */
const inUse = 2;

/**
 * Whether the Canvas may be asked for. Older firmware does not know the command and dies of it; on
 * newer one `AmsConnectStatus` says whether a Canvas is there, where the status tells it at all.
 */
export function mayHaveCanvas(firmware: Firmware, status: Fields): boolean {
  if (!isKnownTo(firmware, "readCanvas")) return false;
  const connected = number(status["AmsConnectStatus"]);
  return connected === null || connected !== 0;
}

/** The answer of `readCanvas`; null when it lists no unit that is connected. */
export function readCanvas(answer: Fields): Canvas | null {
  const units = list(answer["canvas_list"]).filter((unit) => number(unit["connected"]) !== 0);
  if (units.length === 0) return null;
  const active = `${number(answer["active_canvas_id"])} ${number(answer["active_tray_id"])}`;
  const autoRefill = answer["auto_refill"];
  return {
    autoRefill: typeof autoRefill === "boolean" ? autoRefill : null,
    materials: units.flatMap((unit) =>
      list(unit["tray_list"]).map((tray) => material(number(unit["canvas_id"]) ?? 0, tray, active)),
    ),
  };
}

function material(unit: number, tray: Fields, active: string): Material {
  const slot = number(tray["tray_id"]) ?? 0;
  return {
    unit: String(unit),
    slot: String(slot),
    type: told(tray["filament_type"]),
    name: [told(tray["brand"]), told(tray["filament_name"])].filter((word) => word !== null).join(" ") || null,
    colorHex: color(tray["filament_color"]),
    remainingRatio: null,
    active: `${unit} ${slot}` === active || number(tray["status"]) === inUse,
  };
}

/** Trays that are not in use carry dashes and a question mark. */
function told(value: unknown): string | null {
  const word = text(value)?.trim() ?? "";
  return /^[—\-?\s]*$/u.test(word) ? null : word;
}

function color(value: unknown): string | null {
  const [, digits] = /^#?([0-9a-f]{6})$/iu.exec(text(value) ?? "") ?? [];
  return digits === undefined ? null : `#${digits.toUpperCase()}`;
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter((item) => isFields(item)).map((item) => fields(item)) : [];
}
