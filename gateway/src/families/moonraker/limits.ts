// How far a machine may be driven: Gantry's ceilings and what Klipper's own configuration says,
// whichever is lower. Pure. Everything here refuses before anything is sent.

import { PrinterError } from "../../model/errors.ts";
import type { GcodeLimits } from "../../model/gcode.ts";
import { fields, number, text, type Fields } from "./codec.ts";
import { isChamber, kindOf } from "./objects.ts";

/** Whatever the machine claims, °C. */
const ceilings: GcodeLimits = { nozzleCelsius: 300, bedCelsius: 140, chamberCelsius: 80 };

const maxMillimetersPerMinute = 12_000;
/** Usual speeds of moves by hand. */
const jogMillimetersPerMinute = { x: 6000, y: 6000, z: 600 } as const;

export type Axis = "x" | "y" | "z";
const axes = ["x", "y", "z"] as const;

/** `configfile.settings` → the most that each heated part may be set to. */
export function readLimits(settings: Fields): GcodeLimits {
  const ofParts = (isPart: (name: string) => boolean, ceiling: number): number => {
    const maxima = Object.entries(settings)
      .filter(([name]) => isPart(name.toLowerCase()))
      .map(([, section]) => number(fields(section)["max_temp"]) ?? ceiling);
    return Math.min(ceiling, ...maxima);
  };
  return {
    nozzleCelsius: ofParts((name) => /^extruder\d*$/u.test(name), ceilings.nozzleCelsius),
    bedCelsius: ofParts((name) => name === "heater_bed", ceilings.bedCelsius),
    chamberCelsius: ofParts((name) => isChamber(name) && kindOf(name) === "heater_generic", ceilings.chamberCelsius),
  };
}

/** @throws PrinterError `invalid_input` naming the limit */
export function checkTarget(heater: string, targetCelsius: number, limits: GcodeLimits): void {
  const limit =
    heater === "bed" ? limits.bedCelsius : heater === "chamber" ? limits.chamberCelsius : limits.nozzleCelsius;
  if (targetCelsius <= limit) return;
  throw outOfBounds("/targetCelsius", `${heater} may be heated to ${limit} °C at most`);
}

/**
 * Lines that move one axis by a distance, mm, and leave the modes of the G-code as they were.
 * @throws PrinterError `invalid_input` naming the bounds; `wrong_phase` while the axis is not homed
 */
export function jogLines(status: Fields, axis: Axis, distanceMillimeters: number): readonly string[] {
  const toolhead = fields(status["toolhead"]);
  if (!(text(toolhead["homed_axes"]) ?? "").includes(axis)) {
    throw new PrinterError("wrong_phase", `the printer does not know where its ${axis} axis is: home it first`);
  }
  const index = axes.indexOf(axis);
  const [at, least, most] = [
    fields(status["gcode_move"])["gcode_position"],
    toolhead["axis_minimum"],
    toolhead["axis_maximum"],
  ].map((value) => (Array.isArray(value) ? number(value[index]) : null));
  if (at != null && least != null && most != null) {
    const goal = at + distanceMillimeters;
    if (goal < least || goal > most) {
      const words = `the ${axis} axis is at ${at.toFixed(1)} mm and goes from ${least} to ${most} mm`;
      throw outOfBounds("/distanceMillimeters", words);
    }
  }
  const speed = Math.min(jogMillimetersPerMinute[axis], maxMillimetersPerMinute, maxVelocity(toolhead));
  return [
    "SAVE_GCODE_STATE NAME=gantry_jog",
    "G91",
    `G1 ${axis.toUpperCase()}${distanceMillimeters} F${speed}`,
    "RESTORE_GCODE_STATE NAME=gantry_jog",
  ];
}

/** mm/min; Klipper tells mm/s. */
function maxVelocity(toolhead: Fields): number {
  const perSecond = number(toolhead["max_velocity"]);
  return perSecond === null || perSecond <= 0 ? maxMillimetersPerMinute : perSecond * 60;
}

export function outOfBounds(pointer: string, message: string): PrinterError {
  return new PrinterError("invalid_input", message, { problems: [{ pointer, message }] });
}
