// Commands of type `system` and `print` about the machine itself: lights, nozzle, chamber, calibration,
// options.

import { fail, type Handlers, isWhole, type Outcome, success, successIf } from "./command.ts";
import { errorDialogue } from "./job-commands.ts";
import type { Printer } from "./printer.ts";

const lightFields = ["led_node", "led_mode", "led_on_time", "led_off_time", "loop_times", "interval_time"] as const;
const lightModes: ReadonlySet<unknown> = new Set(["on", "off", "flashing"]);

/** Bit of `calibration` to the stage it goes through. */
const calibrationStages: readonly (readonly [number, number])[] = [
  [1, 12],
  [2, 1],
  [4, 3],
  [8, 25],
  [16, 39],
  [32, 40],
  [64, 65],
];

const options = {
  auto_recovery: "autoRecovery",
  air_print_detect: "airPrint",
  filament_tangle_detect: "tangle",
  nozzle_blob_detect: "blob",
  sound_enable: "sound",
  auto_switch_filament: "filamentBackup",
} as const;

export const systemCommands: Handlers = {
  ...errorDialogue,
  ledctrl: ({ printer: { machine } }, body) => {
    if (lightFields.some((field) => body[field] === undefined)) return fail("invalid parameter");
    const { led_node: node, led_mode: mode } = body;
    if (typeof node !== "string" || !Object.hasOwn(machine.lights, node) || !lightModes.has(mode)) {
      return fail("no such light or mode");
    }
    machine.lights[node] = String(mode);
    return success;
  },
  set_accessories: ({ printer: { switches } }, { accessory_type, nozzle_type, nozzle_diameter }) => {
    if (accessory_type !== "nozzle" || typeof nozzle_type !== "string" || typeof nozzle_diameter !== "number") {
      return fail("invalid parameter");
    }
    Object.assign(switches, { nozzleType: nozzle_type, nozzleDiameter: nozzle_diameter });
    return success;
  },
  get_accessories: ({ printer: { switches } }) => ({
    result: "success",
    extra: { nozzle_type: switches.nozzleType, nozzle_diameter: switches.nozzleDiameter, aux_part_fan: true },
  }),
  get_access_code: ({ printer }) => ({ result: "success", extra: { access_code: printer.accessCode } }),
};

export const hardwareCommands: Handlers = {
  set_ctt: ({ printer }, { ctt_val }) => setChamber(printer, ctt_val),
  set_airduct: ({ printer: { machine, profile } }, { modeId }) => {
    if (!profile.airDuct || !isWhole(modeId, 0, 2)) return fail("no such mode");
    machine.airDuctMode = modeId;
    return success;
  },
  set_fan: ({ printer: { machine, profile } }, { fan_index, speed }) => {
    const fan = ([1, 2, 3] as const).find((number) => number === fan_index);
    if (profile.reports !== "both" || fan === undefined || !isWhole(speed, 0, 100)) return fail("no such fan");
    machine.fans[fan] = Math.round(speed * 2.55);
    return success;
  },
  select_extruder: ({ printer: { machine, profile } }, { extruder_index }) => {
    if (!isWhole(extruder_index, 0, profile.nozzles - 1)) return fail("no such extruder");
    machine.activeNozzle = extruder_index === 1 ? 1 : 0;
    return success;
  },
  calibration: ({ printer: { machine } }, { option }) => {
    if (!machine.free) return fail("busy");
    const stages = calibrationStages.flatMap(([bit, stage]) => ((Number(option) & bit) === 0 ? [] : [stage]));
    if (stages.length > 0) machine.calibrate(stages);
    return successIf(stages.length > 0, "nothing to calibrate");
  },
  print_option: ({ printer: { switches } }, body) => {
    const given = Object.entries(options).filter(([name]) => body[name] !== undefined);
    const [only] = given;
    const value = only === undefined ? undefined : body[only[0]];
    if (given.length !== 1 || only === undefined || typeof value !== "boolean") return fail("exactly one option");
    switches[only[1]] = value;
    return success;
  },
  buzzer_ctrl: ({ printer: { profile } }, { mode }) =>
    successIf(profile.reports === "both" && isWhole(mode, 0, 2), "no buzzer"),
  close_air_filt: () => success,
};

function setChamber({ machine, profile }: Printer, value: unknown): Outcome {
  if (profile.chamberMaxCelsius === null) return fail("no chamber heater", { errno: -2 });
  if (!isWhole(value, 0, profile.chamberMaxCelsius)) return fail("out of range");
  const low = value > 0 && value < 40;
  machine.chamberTarget = low ? 0 : value;
  return { result: "success", extra: { errno: low ? -4 : 0 } };
}
