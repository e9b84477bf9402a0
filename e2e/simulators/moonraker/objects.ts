// Klipper's status objects as they stand now, whole, by name. Field names are Klipper's.

import { axes, travel } from "./body.ts";
import type { Klippy } from "./klippy.ts";

export type Fields = Readonly<Record<string, unknown>>;

const bounds = (end: 0 | 1): number[] => [...axes.map((axis) => travel[axis][end]), 0];

/** All objects; the names are what `objects/list` gives. */
export function statusObjects(klippy: Klippy): Readonly<Record<string, Fields>> {
  const { body } = klippy;
  const position = [...axes.map((axis) => body.position[axis]), 0];
  const heaters = Object.entries(body.heaters).map(([name, { actual, target }]) => {
    const power = target === 0 ? 0 : target > actual ? 1 : 0.3;
    return [name, { temperature: Math.round(actual * 100) / 100, target, power }] as const;
  });
  const macros = Object.keys(klippy.macros).map((name) => [`gcode_macro ${name}`, {}] as const);
  return {
    webhooks: { state: klippy.state, state_message: klippy.stateMessage },
    configfile: { settings: settings(klippy) },
    ...Object.fromEntries(heaters),
    ...Object.fromEntries(macros),
    "temperature_sensor board": { temperature: 38.5 },
    fan: { speed: body.fanRatio, rpm: null },
    "heater_fan hotend_fan": { speed: (body.heaters["extruder"]?.actual ?? 0) > 50 ? 1 : 0, rpm: null },
    "fan_generic exhaust": { speed: body.exhaustRatio, rpm: null },
    "output_pin caselight": { value: body.lightValue },
    "filament_switch_sensor runout": { enabled: true, filament_detected: body.filamentPresent },
    toolhead: {
      homed_axes: body.homed,
      position,
      axis_minimum: bounds(0),
      axis_maximum: bounds(1),
      max_velocity: 150,
    },
    gcode_move: {
      speed_factor: body.speedFactor,
      extrude_factor: body.extrudeFactor,
      gcode_position: position,
      homing_origin: [0, 0, 0, 0],
    },
    idle_timeout: { state: body.isPrinting || body.busySeconds > 0 ? "Printing" : "Ready" },
    pause_resume: { is_paused: klippy.isPaused },
    display_status: { progress: body.progress, message: body.message },
    virtual_sdcard: { progress: body.progress, is_active: body.isPrinting, file_path: body.job?.file.path ?? null },
    print_stats: printStats(klippy),
  };
}

function settings({ body }: Klippy): Fields {
  const heaters = Object.entries(body.heaters).map(([name, { maximum }]) => [name, { max_temp: maximum }] as const);
  return { ...Object.fromEntries(heaters), virtual_sdcard: { path: "/home/pi/printer_data/gcodes" } };
}

function printStats({ body }: Klippy): Fields {
  const { job } = body;
  const info = { total_layer: null, current_layer: null };
  const none = { filename: "", message: "", total_duration: 0, print_duration: 0, filament_used: 0, info };
  if (job === undefined) return { state: "standby", ...none };
  return {
    state: job.state,
    filename: job.file.path,
    message: job.message,
    total_duration: job.totalSeconds,
    print_duration: job.printedSeconds,
    filament_used: job.printedSeconds * 4,
    info: { total_layer: job.file.layers, current_layer: body.layer },
  };
}

/** The asked fields of the asked objects; null is all; a missing object has no fields. */
export function select(
  objects: Readonly<Record<string, Fields>>,
  query: Readonly<Record<string, unknown>>,
): Record<string, Record<string, unknown>> {
  const entries = Object.entries(query).map(([name, wanted]) => {
    const all = objects[name] ?? {};
    const keys = Array.isArray(wanted) ? wanted.map(String) : Object.keys(all);
    return [name, Object.fromEntries(keys.map((key) => [key, all[key] ?? null]))] as const;
  });
  return Object.fromEntries(entries);
}
