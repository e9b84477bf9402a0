// What is refused before anything is sent: values out of range, parts the printer does not have,
// and states in which a command must not reach it. Limits are data in ./limits.ts.

import type { CommandInput } from "../../model/commands.ts";
import { PrinterError } from "../../model/errors.ts";
import { limits, speedModes } from "./limits.ts";
import type { Params } from "./method-table.ts";
import type { Cc2Session } from "./session.ts";
import { homedAxes } from "./state.ts";
import { machine } from "./stages.ts";
import { hasJob, machineStatus } from "./view.ts";

/** Fans that can be set, by what they cool. The printer runs those of nozzle and board itself. */
const settableFans = { part: "fan", aux: "aux_fan", chamber: "box_fan" } as const;

function refused(pointer: string, message: string): PrinterError {
  return new PrinterError("invalid_input", `${pointer}: ${message}`, { problems: [{ pointer, message }] });
}

/** @throws PrinterError `invalid_input` for a heater it does not have, or a target above its cap */
export function checkedHeater({ heater, targetCelsius }: CommandInput<"setHeaterTarget">): Params<"setTemperatures"> {
  switch (heater) {
    case "nozzle0":
      demandAtMost(targetCelsius, limits.nozzleCelsius, "nozzle");
      return { extruder: targetCelsius };
    case "bed":
      demandAtMost(targetCelsius, limits.bedCelsius, "bed");
      return { heater_bed: targetCelsius };
    case "chamber":
      throw refused("/heater", "the chamber has a thermometer and no heater; the printer heats nozzle0 and bed");
    default:
      throw refused("/heater", `there is no ${heater}; the printer heats nozzle0 and bed`);
  }
}

function demandAtMost(celsius: number, maximum: number, what: string): void {
  if (celsius > maximum) throw refused("/targetCelsius", `the ${what} takes at most ${maximum} °C`);
}

/** Wire name and speed, 0 to 255. @throws PrinterError `invalid_input` */
export function checkedFan({ fan, speedRatio }: CommandInput<"setFanSpeed">): readonly [string, number] {
  const wire = Object.hasOwn(settableFans, fan) ? settableFans[fan as keyof typeof settableFans] : undefined;
  if (wire !== undefined) return [wire, Math.round(speedRatio * 255)];
  const names = Object.keys(settableFans).join(", ");
  throw refused("/fan", `no fan "${fan}" can be set; these can: ${names} (the printer runs nozzle and board itself)`);
}

/** The mode's number. @throws PrinterError `invalid_input` for a ratio, or a mode it does not have */
export function checkedSpeedMode({ mode }: CommandInput<"setSpeed">): number {
  const names = speedModes.join(", ");
  if (mode === undefined)
    throw refused("/speedRatio", `the printer knows modes, no ratios: give mode, one of ${names}`);
  const index = speedModes.findIndex((name) => name === mode);
  if (index === -1) throw refused("/mode", `there is no mode "${mode}"; legal: ${names}`);
  return index;
}

export function checkedLight({ light, on }: CommandInput<"setLight">): 0 | 1 {
  if (light !== "chamber") throw refused("/light", `there is no light "${light}"; the printer has one: chamber`);
  return on ? 1 : 0;
}

/**
 * @throws PrinterError `invalid_input` beyond step or travel; `wrong_phase` while the axis is not homed
 */
export function checkedJog(session: Cc2Session, input: CommandInput<"jog">): Params<"jog"> {
  const { axis, distanceMillimeters: distance } = input;
  const step = limits.stepMillimeters[axis];
  if (Math.abs(distance) > step) throw refused("/distanceMillimeters", `${axis} moves at most ${step} mm at a time`);
  const at = session.readings.position?.[`${axis}Millimeters`];
  if (!homedAxes(session.view).includes(axis) || at === null || at === undefined) {
    throw new PrinterError("wrong_phase", `where ${axis} stands is not known: home it first`);
  }
  const [lowest, highest] = limits.travelMillimeters[axis];
  const target = at + distance;
  if (target < lowest || target > highest) {
    throw refused("/distanceMillimeters", `${axis} stands at ${at} mm and travels from ${lowest} to ${highest} mm`);
  }
  return axis === "z" ? { axes: axis, distance } : { axes: axis, distance };
}

/** @throws PrinterError `wrong_phase` unless the machine says that it is idle */
export function demandIdle(session: Cc2Session): void {
  if (machineStatus(session.view) === machine.idle && session.view.outcome !== "unknown") return;
  const { phase, stage } = session.readings;
  throw new PrinterError("wrong_phase", `the printer is not idle but ${stage ?? phase}; wait until it is`);
}

/** @throws PrinterError `wrong_phase` unless a job runs: the printer refuses it otherwise */
export function demandJob(session: Cc2Session): void {
  if (hasJob(session.view)) return;
  throw new PrinterError("wrong_phase", "the speed can be changed while a job runs; there is none");
}
