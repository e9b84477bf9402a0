// The G-code that has an effect on this machine: heat, fans, homing. Everything else is taken and does
// nothing, as on the printer for what it does not know.

import type { FanNumber, Machine } from "./machine.ts";

const fanNumbers: readonly number[] = [1, 2, 3, 10];
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

function runLine(machine: Machine, word: string, parameters: readonly string[]): void {
  const value = (letter: string): number | undefined => {
    const found = parameters.find((parameter) => parameter.startsWith(letter));
    const number = Number(found?.slice(1));
    return found === undefined || Number.isNaN(number) ? undefined : number;
  };
  const celsius = value("S") ?? value("R");
  switch (word) {
    case "M104":
    case "M109":
      setNozzle(machine, value("T"), celsius);
      break;
    case "M140":
    case "M190":
      if (celsius !== undefined) machine.bed.targetCelsius = celsius;
      break;
    case "M141":
    case "M191":
      if (celsius !== undefined && machine.profile.chamberMaxCelsius !== null) machine.chamberTarget = celsius;
      break;
    case "M145":
      if (machine.profile.airDuct) machine.airDuctMode = value("P") ?? 0;
      break;
    case "M106":
      setFan(machine, value("P") ?? 1, value("S") ?? 255);
      break;
    case "M107":
      setFan(machine, 1, 0);
      break;
    case "G28":
      for (const axis of axes) {
        if (parameters.length === 0 || parameters.includes(axis.toUpperCase())) machine.homed.add(axis);
      }
      break;
    default:
  }
}

function setNozzle(machine: Machine, tool: number | undefined, celsius: number | undefined): void {
  const heater = tool === undefined ? machine.nozzle : machine.nozzles[tool];
  if (heater !== undefined && celsius !== undefined) heater.targetCelsius = celsius;
}

function setFan(machine: Machine, fan: number, pwm: number): void {
  if (fanNumbers.includes(fan) && machine.profile.fans.includes(fan)) {
    machine.fans[fan as FanNumber] = Math.max(0, Math.min(255, Math.round(pwm)));
  }
}
