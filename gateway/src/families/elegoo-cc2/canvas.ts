// The Canvas filament changer: `canvas_info` → material slots. Pure. Ids are the wire's own, from 0;
// the printer's screen calls slots 0 to 3 A1 to A4.

import type { Material } from "../../model/printer.ts";
import { fields, flag, list, number, text, type Fields } from "./codec.ts";

/** `status` of a tray: 0 empty, 1 loaded, 2 in use. */
const loaded = 1;

/** One tray as the wire tells it. */
export interface Tray {
  readonly canvasId: number;
  readonly trayId: number;
  readonly status: number | null;
  readonly tray: Fields;
}

/** The trays of the Canvas units that are connected. */
export function traysOf(canvas: Fields | undefined): readonly Tray[] {
  return list(canvas?.["canvas_list"]).flatMap((element) => {
    const unit = fields(element);
    const canvasId = number(unit["canvas_id"]);
    if (canvasId === null || flag(unit["connected"]) === false) return [];
    return list(unit["tray_list"]).flatMap((entry) => {
      const tray = fields(entry);
      const trayId = number(tray["tray_id"]);
      return trayId === null ? [] : [{ canvasId, trayId, status: number(tray["status"]), tray }];
    });
  });
}

export function isLoaded({ status }: Tray): boolean {
  return status !== null && status >= loaded;
}

export function readMaterials(canvas: Fields | undefined): readonly Material[] {
  const activeUnit = number(canvas?.["active_canvas_id"]);
  const activeSlot = number(canvas?.["active_tray_id"]);
  return traysOf(canvas).map((entry) => {
    const { canvasId, trayId, tray } = entry;
    const full = isLoaded(entry);
    return {
      unit: String(canvasId),
      slot: String(trayId),
      type: full ? text(tray["filament_type"]) : null,
      name: full ? nameOf(tray) : null,
      colorHex: full ? colorOf(tray["filament_color"]) : null,
      remainingRatio: null, // the printer does not measure it
      active: activeSlot === null ? null : canvasId === activeUnit && trayId === activeSlot,
    };
  });
}

export function readAutoRefill(canvas: Fields | undefined): boolean | null {
  return flag(canvas?.["auto_refill"]);
}

function nameOf(tray: Fields): string | null {
  const words = [text(tray["brand"]), text(tray["filament_name"])].filter((word) => word !== null);
  return words.length === 0 ? null : words.join(" ");
}

function colorOf(value: unknown): string | null {
  const digits = /^#?([0-9a-f]{6})$/iu.exec(text(value) ?? "")?.[1];
  return digits === undefined ? null : `#${digits.toUpperCase()}`;
}
