// The seldom used commands about the machine itself: nozzles, calibration, air, options, recording,
// and the error message on its screen. Facts: the family's README.

import type { CommandHandlers, CommandInput } from "../../../model/commands.ts";
import { isFree, isRunning, number, text } from "../report-fields.ts";
import { acknowledged, demandNotRunning, refused, send, type CommandContext } from "./commands-send.ts";
import { optionCommand } from "./controls-options.ts";
import type { Model } from "../models.ts";

export function machineHandlers(context: CommandContext): CommandHandlers {
  const { link } = context;
  const { model } = link;
  return {
    calibrate: async ({ steps }, options) => {
      const option = calibrationMask(model, steps);
      demandNotRunning(context, (report) => !isFree(report), "calibration");
      return send(context, "print", "calibration", { option }, options);
    },
    setOption: async ({ option, on, sensitivity }, options) => {
      const { type, command, body } = optionCommand(option, on, sensitivity);
      const listed = link.readings().options.map(({ id }) => id);
      if (!listed.includes(option)) {
        throw refused("/option", `this printer has no option "${option}"; it has ${listed.join(", ") || "none"}`);
      }
      return send(context, type, command, body, options);
    },
    setRecording: async ({ on }, options) =>
      send(context, "camera", "ipcam_record_set", { control: word(on) }, options),
    setTimelapse: async ({ on }, options) => send(context, "camera", "ipcam_timelapse", { control: word(on) }, options),
    dismissError: dismissError(context),
    ...(hasPlainNozzle(model) ? { setNozzle: setNozzle(context) } : {}),
    ...(model.nozzles === 2 ? { selectNozzle: selectNozzle(context) } : {}),
    ...(model.airDuct ? { setAirMode: setAirMode(context) } : {}),
  };
}

function word(on: boolean): "enable" | "disable" {
  return on ? "enable" : "disable";
}

const calibrationBits = {
  lidar: 1,
  bedLevel: 2,
  vibration: 4,
  motorNoise: 8,
  nozzleOffset: 16,
  highTemperatureBed: 32,
  clumpDetection: 64,
} as const;

type Step = keyof typeof calibrationBits;

function calibrationMask(model: Model, steps: readonly Step[]): number {
  const legal = calibrations(model);
  let mask = 0;
  steps.forEach((step, index) => {
    if (!legal.includes(step))
      throw refused(`/steps/${index}`, `the ${model.name} does not calibrate ${step}; legal: ${legal.join(", ")}`);
    mask |= calibrationBits[step];
  });
  return mask;
}

function calibrations(model: Model): readonly Step[] {
  const isX1 = model.name.startsWith("X1");
  const isH2 = model.name.startsWith("H2");
  return [
    ...(isX1 ? (["lidar"] as const) : []),
    "bedLevel",
    "vibration",
    ...(model.name.startsWith("P1") ? [] : (["motorNoise"] as const)),
    ...(model.nozzles === 2 ? (["nozzleOffset"] as const) : []),
    ...(isH2 ? (["highTemperatureBed", "clumpDetection"] as const) : []),
  ];
}

/** Newer machines read their nozzles themselves, and no source knows their form of it. */
function hasPlainNozzle(model: Model): boolean {
  return model.nozzles === 1 && !model.airDuct;
}

const nozzleKinds = ["stainless_steel", "hardened_steel"];
const nozzleMillimeters = [0.2, 0.4, 0.6, 0.8];

function setNozzle(context: CommandContext): NonNullable<CommandHandlers["setNozzle"]> {
  return async ({ nozzle, diameterMillimeters: diameter, kind }, options) => {
    if (nozzle !== undefined && nozzle !== "0") throw refused("/nozzle", "the printer has one nozzle: 0");
    if (!nozzleMillimeters.includes(diameter))
      throw refused("/diameterMillimeters", `legal: ${nozzleMillimeters.join(", ")} mm`);
    if (!nozzleKinds.includes(kind)) throw refused("/kind", `legal: ${nozzleKinds.join(", ")}`);
    demandNotRunning(context, isRunning, "another nozzle");
    const body = { accessory_type: "nozzle", nozzle_type: kind, nozzle_diameter: diameter };
    return send(context, "system", "set_accessories", body, options);
  };
}

function selectNozzle(context: CommandContext): NonNullable<CommandHandlers["selectNozzle"]> {
  return async ({ nozzle }: CommandInput<"selectNozzle">, options) => {
    if (nozzle !== "0" && nozzle !== "1") throw refused("/nozzle", "0 is the right nozzle, 1 the left one");
    demandNotRunning(context, isRunning, "another nozzle");
    return send(context, "print", "select_extruder", { extruder_index: Number(nozzle) }, options);
  };
}

/** In the order of their numbers. */
const airModes = ["cooling", "heating", "laser"];

function setAirMode(context: CommandContext): NonNullable<CommandHandlers["setAirMode"]> {
  return async ({ mode }, options) => {
    const modeId = airModes.indexOf(mode);
    if (modeId === -1) throw refused("/mode", `there is no mode "${mode}"; legal: ${airModes.join(", ")}`);
    return send(context, "print", "set_airduct", { modeId, submode: -1 }, options);
  };
}

/** Both the error itself and the message on the screen; a locked printer lets the message alone be taken away. */
function dismissError(context: CommandContext): NonNullable<CommandHandlers["dismissError"]> {
  return async (_input, options) => {
    const report = context.link.report();
    const error = number(report["print_error"]) ?? 0;
    const err = (error >>> 0).toString(16).toUpperCase().padStart(8, "0");
    if (context.link.access !== "locked") {
      const body = { subtask_id: text(report["subtask_id"]), print_error: error };
      const outcome = await send(context, "print", "clean_print_error", body, options);
      if (outcome.outcome !== "acknowledged") return outcome;
    }
    const dialog = { name: "print_error", action: "close", source: 1, type: "dialog", err };
    await send(context, "system", "uiop", dialog, options);
    return acknowledged;
  };
}
