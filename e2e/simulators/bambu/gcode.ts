// The G-code that has an effect on this machine: heat, fans, homing. Everything else is taken and does
// nothing, as on the printer for what it does not know.

import type { FanNumber, Machine } from "./machine.ts";

const fanNumbers: readonly FanNumber[] = [1, 2, 3, 10];
const axes = ["x", "y", "z"] as const;

export function runGcode(machine: Machine, text: string): void {
  for (const line of text.split("\n")) {
    const [word = "", ...parameters] = line.replace(/;.*/, "").trim().toUpperCase().split(/\s+/);
    if (word !== "") runLine(machine, word, parameters);
  }
}

/** Whether a line heats or moves. */
export function heatsOrMoves(text: string): boolean {
  return /^\s*(?:M104|M109|M140|M190|M141|M191|G0|G1|G28)\b/im.test(text);
}

/** The number after a letter; undefined where it is not given. */
type Value = (letter: string) => number | undefined;

const effects: Readonly<Record<string, (machine: Machine, value: Value, parameters: readonly string[]) => void>> = {
  M104: heatNozzle,
  M109: heatNozzle,
  M140: heatBed,
  M190: heatBed,
  M141: heatChamber,
  M191: heatChamber,
  M145: (machine, value) => {
    if (machine.profile.airDuct) machine.airDuctMode = value("P") ?? 0;
  },
  M106: (machine, value) => setFan(machine, value("P") ?? 1, value("S") ?? 255),
  M107: (machine) => setFan(machine, 1, 0),
  G28: (machine, _value, parameters) => {
    for (const axis of axes) {
      if (parameters.length === 0 || parameters.includes(axis.toUpperCase())) machine.homed.add(axis);
    }
  },
};

function runLine(machine: Machine, word: string, parameters: readonly string[]): void {
  const value: Value = (letter) => {
    const found = parameters.find((parameter) => parameter.startsWith(letter));
    const number = Number(found?.slice(1));
    return found === undefined || Number.isNaN(number) ? undefined : number;
  };
  if (Object.hasOwn(effects, word)) effects[word]?.(machine, value, parameters);
}

function heatNozzle(machine: Machine, value: Value): void {
  const tool = value("T");
  const celsius = target(value);
  const heater = tool === undefined ? machine.nozzle : machine.nozzles[tool];
  if (heater !== undefined && celsius !== undefined) heater.targetCelsius = celsius;
}

function heatBed({ bed }: Machine, value: Value): void {
  bed.targetCelsius = target(value) ?? bed.targetCelsius;
}

function heatChamber(machine: Machine, value: Value): void {
  if (machine.profile.chamberMaxCelsius !== null) machine.chamberTarget = target(value) ?? machine.chamberTarget;
}

function target(value: Value): number | undefined {
  return value("S") ?? value("R");
}

function setFan(machine: Machine, fan: number, pwm: number): void {
  const known = fanNumbers.find((number) => number === fan);
  if (known !== undefined && machine.profile.fans.includes(known)) {
    machine.fans[known] = Math.max(0, Math.min(255, Math.round(pwm)));
  }
}
