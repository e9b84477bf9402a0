// Command 403: whatever can be changed while the machine runs. The daemon looks at which keys are
// there; each firmware has its own idea of what a running job allows.

import { speedPresets } from "./machine.ts";
import type { Printer } from "./printer.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Where the firmware itself stops, Celsius. */
const limitsCelsius = { TempTargetNozzle: 335, TempTargetHotbed: 125, TempTargetBox: 60 } as const;

/** Applies all of it or nothing. @returns the `Ack`: 0 taken, 1 refused. */
export function changeParameters(printer: Printer, data: JsonObject): 0 | 1 {
  const { machine, profile } = printer;
  const { PrintSpeedPct, ...others } = data;
  if (Object.keys(others).length > 0) {
    if (machine.job !== undefined && !profile.controlDuringJob) return 1;
    if (!withinLimits(others)) return 1;
  }
  // Another number is acknowledged and changes nothing; so does any without a job.
  if (machine.job !== undefined && speedPresets.includes(Number(PrintSpeedPct))) {
    machine.speedPercent = Number(PrintSpeedPct);
  }
  applyTemperatures(printer, others);
  applyFans(printer, others["TargetFanSpeed"] as JsonObject | undefined);
  const light = others["LightStatus"] as JsonObject | undefined;
  if (light !== undefined) machine.lightOn = light["SecondLight"] === 1 || light["SecondLight"] === true;
  return 0;
}

function withinLimits(data: JsonObject): boolean {
  const temperatures = Object.entries(limitsCelsius).every(([key, limit]) => {
    const value = data[key];
    return value === undefined || (Number(value) >= 0 && Number(value) <= limit);
  });
  const fans = Object.values((data["TargetFanSpeed"] ?? {}) as JsonObject);
  return temperatures && fans.every((value) => Number(value) >= 0 && Number(value) <= 100);
}

/** The chamber has no heater: its target is taken and has no effect. */
function applyTemperatures({ machine }: Printer, { TempTargetNozzle, TempTargetHotbed }: JsonObject): void {
  if (typeof TempTargetNozzle === "number") machine.nozzle.targetCelsius = TempTargetNozzle;
  if (typeof TempTargetHotbed === "number") machine.bed.targetCelsius = TempTargetHotbed;
}

/** Fans that are not named keep their speed. */
function applyFans({ machine }: Printer, fans: JsonObject = {}): void {
  const { ModelFan, AuxiliaryFan, BoxFan } = fans;
  if (typeof ModelFan === "number") machine.fans.model = ModelFan;
  if (typeof AuxiliaryFan === "number") machine.fans.auxiliary = AuxiliaryFan;
  if (typeof BoxFan === "number") machine.fans.box = BoxFan;
}
