// Klipper's status objects: which ones a machine has, which of them are watched, and the one true
// status that deltas are merged into. Pure. Source: Klipper docs/Status_Reference.md.

import type { Capability } from "../../model/capabilities.ts";
import { fields, type Fields } from "./codec.ts";

/** Field lists by object name, as objects are asked for; null is every field. */
export type ObjectQuery = Readonly<Record<string, readonly string[] | null>>;

const heaterFields = ["temperature", "target"] as const;

/** Object name, or the first word of one → the fields that are watched. */
const watched: Readonly<Record<string, readonly string[] | null>> = {
  controller_fan: ["speed"],
  display_status: ["progress", "message"],
  dotstar: ["color_data"],
  fan: ["speed"],
  fan_generic: ["speed"],
  filament_motion_sensor: ["enabled", "filament_detected"],
  filament_switch_sensor: ["enabled", "filament_detected"],
  gcode_move: ["speed_factor", "gcode_position", "homing_origin"],
  heater_bed: heaterFields,
  heater_fan: ["speed"],
  heater_generic: heaterFields,
  idle_timeout: ["state"],
  led: ["color_data"],
  neopixel: ["color_data"],
  output_pin: ["value"],
  pause_resume: ["is_paused"],
  print_stats: null,
  temperature_fan: ["temperature", "target", "speed"],
  temperature_sensor: ["temperature"],
  toolhead: ["homed_axes", "axis_minimum", "axis_maximum", "max_velocity"],
  virtual_sdcard: ["progress", "is_active"],
  webhooks: ["state", "state_message"],
};

/** Names of the machine's tools: `extruder`, `extruder1`, … in their order. */
export function extruders(names: Iterable<string>): string[] {
  return [...names].filter((name) => /^extruder\d*$/u.test(name)).toSorted((a, b) => toolOf(a) - toolOf(b));
}

/** 0 for `extruder`, 1 for `extruder1`. */
export function toolOf(extruder: string): number {
  return Number(extruder.slice("extruder".length) || "0");
}

/** What is asked of a machine that has these objects. */
export function queryFor(names: readonly string[]): ObjectQuery {
  const query: Record<string, readonly string[] | null> = {};
  for (const name of names) {
    const rule = watched[kindOf(name)];
    if (rule !== undefined) query[name] = rule;
    else if (/^extruder\d*$/u.test(name)) query[name] = heaterFields;
  }
  return query;
}

/** `heater_generic` of `heater_generic chamber`. */
export function kindOf(name: string): string {
  return name.split(" ", 1)[0] ?? name;
}

/** `chamber` of `heater_generic chamber`; the name itself where it is one word. */
export function ownName(name: string): string {
  const at = name.indexOf(" ");
  return at < 0 ? name : name.slice(at + 1).trim();
}

/** The whole status with the changed fields of some objects put in. Objects that did not change keep their identity. */
export function mergeStatus(before: Fields, delta: Fields): Fields {
  const merged: Record<string, unknown> = { ...before };
  for (const [name, changed] of Object.entries(delta)) merged[name] = { ...fields(before[name]), ...fields(changed) };
  return merged;
}

/** Macros that are the owner's to run: those whose name does not begin with an underscore. */
export function macroNames(names: readonly string[]): readonly string[] {
  return names
    .filter((name) => kindOf(name) === "gcode_macro")
    .map((name) => ownName(name).toUpperCase())
    .filter((name) => /^[A-Z][A-Z0-9_]*$/u.test(name))
    .toSorted();
}

/** Object, or the first word of one → what a machine with it has. */
const capabilityOf: Readonly<Record<string, readonly Capability[]>> = {
  extruder: ["heaters"],
  fan: ["fans"],
  fan_generic: ["fans"],
  gcode_move: ["speed", "position"],
  heater_bed: ["bed", "heaters"],
  pause_resume: ["pause", "resume"],
  print_stats: ["layers"],
  toolhead: ["home", "jog"],
  virtual_sdcard: ["start", "stop"],
  webhooks: ["emergencyStop", "gcode"],
};

/** What Moonraker itself has, whatever its Klipper does. */
export const hostCapabilities: readonly Capability[] = ["files", "storages", "thumbnails", "upload"];

/** Moonraker component → what a machine with it has. */
const componentCapability: Readonly<Record<string, Capability>> = { history: "history", power: "power" };

/** What a machine with these objects, Moonraker components and, where it is true, a camera has. */
export function capabilitiesFor(
  names: readonly string[],
  components: readonly string[],
  hasCamera: boolean,
): ReadonlySet<Capability> {
  const has = new Set<Capability>(hostCapabilities);
  for (const name of names) for (const capability of capabilityOf[kindOf(name)] ?? []) has.add(capability);
  for (const component of components) {
    const capability = componentCapability[component];
    if (capability !== undefined) has.add(capability);
  }
  if (names.some((name) => isChamber(name))) has.add("chamber");
  if (names.some((name) => isLight(name))) has.add("lights");
  if (macroNames(names).length > 0) has.add("macros");
  if (hasCamera) has.add("camera");
  return has;
}

/** Klipper knows no chamber; owners call a heater or a sensor so. */
export function isChamber(name: string): boolean {
  return (
    /^(?:heater_generic|temperature_sensor|temperature_fan) /u.test(name) && /chamber|enclosure/iu.test(ownName(name))
  );
}

/** An LED strip, or a pin that its owner called a light. */
export function isLight(name: string): boolean {
  const kind = kindOf(name);
  if (kind === "led" || kind === "neopixel" || kind === "dotstar") return true;
  return kind === "output_pin" && /light|led|lamp/iu.test(ownName(name));
}
