// What the printer is told about its spools: which filament a slot holds, that it read a tag, that a
// unit dries, that it goes over to another slot by itself. Facts: the family's README.

import type { CommandHandlers, CommandInput } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import { isOlder } from "./commands-available.ts";
import { fields, isRunning, list, text } from "../report-fields.ts";
import { demandNotRunning, refused, send, sendLines, type CommandContext } from "./commands-send.ts";
import { dryingMaxCelsius, dryingMinCelsius, hasDryer, heatLimits, unitKind } from "./limits.ts";
import { findSlot, hasTag, unitsOf, type Slot } from "./materials-slots.ts";
import { externalUnit, type Body } from "../printer-link.ts";

/** Refill is offered while a unit is attached, drying while one that can is. */
export function settingHandlers(context: CommandContext): CommandHandlers {
  const { link } = context;
  return {
    setMaterial: async (input, options) => {
      const slot = findSlot(link.report(), link.model, input, "");
      if (hasTag(slot))
        throw new PrinterError("wrong_phase", "the printer has read a tag on this spool and keeps to what it says");
      return send(context, "print", "ams_filament_setting", materialBody(context, slot, input), options);
    },
    readMaterialTag: async (input, options) => {
      const slot = checkedTagSlot(context, input);
      const isOld = isOlder(link.model, link.firmware, "readTag");
      if (isOld) return sendLines(context, [`M620 R${slot.global}`], options);
      return send(context, "print", "ams_get_rfid", { ams_id: slot.amsId, slot_id: slot.slotId }, options);
    },
    ...(unitsOf(link.report()).length > 0 ? { setAutoRefill: setAutoRefill(context) } : {}),
    ...(hasDryer(link.report()) ? dryingHandlers(context) : {}),
  };
}

function setAutoRefill(context: CommandContext): NonNullable<CommandHandlers["setAutoRefill"]> {
  return async ({ on }, options) => send(context, "print", "print_option", { auto_switch_filament: on }, options);
}

interface Preset {
  readonly profile: string;
  readonly minimum: number;
  readonly maximum: number;
}

/** The vendor's generic presets, and the nozzle temperatures they give, °C. */
const presets: Readonly<Record<string, Preset>> = {
  PLA: { profile: "GFL99", minimum: 190, maximum: 240 },
  PETG: { profile: "GFG99", minimum: 220, maximum: 270 },
  ABS: { profile: "GFB99", minimum: 240, maximum: 280 },
  TPU: { profile: "GFU99", minimum: 200, maximum: 250 },
};

type MaterialInput = CommandInput<"setMaterial">;

function materialBody(context: CommandContext, slot: Slot, input: MaterialInput): Body {
  const filament = input.type === undefined ? clearedFilament(input) : givenFilament(context, slot, input.type, input);
  return { ...settingIds(context, slot), ...filament };
}

/** The spool holder of a printer with one nozzle is tray 254 here; it refuses 0. */
function settingIds({ link: { model } }: CommandContext, { isExternal, amsId, slotId }: Slot): Body {
  return { ams_id: amsId, tray_id: isExternal && model.nozzles === 1 ? 254 : slotId, slot_id: slotId };
}

function clearedFilament({ colorHex, profile }: MaterialInput): Body {
  if (colorHex !== undefined || profile !== undefined)
    throw refused("/type", "say which kind it is, or leave out colour and profile too, to clear the slot");
  const empty = { tray_info_idx: "", setting_id: "", tray_type: "", tray_sub_brands: "" };
  return { ...empty, tray_color: "00000000", nozzle_temp_min: 0, nozzle_temp_max: 0 };
}

function givenFilament({ link }: CommandContext, slot: Slot, type: string, input: MaterialInput): Body {
  const kind = type.toUpperCase();
  const preset = Object.hasOwn(presets, kind) ? presets[kind] : undefined;
  const profile = input.profile ?? preset?.profile;
  if (profile === undefined)
    throw refused("/profile", `for ${type} give the vendor's id of the preset; known without: ${known()}`);
  const minimum = input.nozzleMinimumCelsius ?? preset?.minimum;
  const maximum = input.nozzleMaximumCelsius ?? preset?.maximum;
  if (minimum === undefined || maximum === undefined)
    throw refused("/nozzleMinimumCelsius", `for ${type} give both bounds; known without: ${known()}`);
  if (minimum > maximum) throw refused("/nozzleMinimumCelsius", `${minimum} °C is above the maximum, ${maximum} °C`);
  const { nozzleCelsius } = heatLimits(link.model, link.report());
  if (maximum > nozzleCelsius) throw refused("/nozzleMaximumCelsius", `the nozzle takes at most ${nozzleCelsius} °C`);
  const present = text(slot.tray["tray_color"]);
  return {
    tray_info_idx: profile,
    setting_id: "",
    tray_type: kind,
    tray_sub_brands: "",
    tray_color: input.colorHex === undefined ? present || "FFFFFFFF" : `${input.colorHex.slice(1).toUpperCase()}FF`,
    nozzle_temp_min: minimum,
    nozzle_temp_max: maximum,
  };
}

function known(): string {
  return Object.keys(presets).join(", ");
}

/** The unit turns the spool to read it, which it cannot while the filament is in the head. */
function checkedTagSlot(context: CommandContext, input: CommandInput<"readMaterialTag">): Slot {
  const { link } = context;
  if (input.unit === externalUnit) throw refused("/unit", "the spool holder reads no tags");
  const slot = findSlot(link.report(), link.model, input, "");
  if (!slot.isPresent) throw refused("/slot", `slot ${input.slot} of unit ${input.unit} is empty`);
  demandNotRunning(context, isRunning, "reading a tag");
  if (isLoaded(context, input.unit, input.slot))
    throw new PrinterError("wrong_phase", "the filament of this slot is in the head: unload it first");
  return slot;
}

function isLoaded({ link }: CommandContext, unit: string, slot?: string): boolean {
  return link
    .readings()
    .materials.some((one) => one.active === true && one.unit === unit && (slot === undefined || one.slot === slot));
}

/** To what the vendor's app has the unit cool down before its fan stops, °C. */
const coolingCelsius = 45;

function dryingHandlers(context: CommandContext): CommandHandlers {
  return {
    startDrying: async (input, options) => {
      const maximum = checkedDryer(context, input.unit);
      const { temperatureCelsius: celsius, durationHours, rotate } = input;
      if (celsius < dryingMinCelsius || celsius > maximum)
        throw refused("/temperatureCelsius", `unit ${input.unit} dries at ${dryingMinCelsius} to ${maximum} °C`);
      if (rotate && isLoaded(context, input.unit))
        throw new PrinterError("wrong_phase", "a spool of this unit is loaded and cannot turn: unload it first");
      const filament = input.type ?? firstType(context, input.unit);
      const body = dryingBody(input.unit, { mode: 1, temp: celsius, duration: durationHours, rotate, filament });
      return send(context, "print", "ams_filament_drying", body, options);
    },
    stopDrying: async ({ unit }, options) => {
      checkedDryer(context, unit);
      const body = dryingBody(unit, { mode: 0, temp: 0, duration: 0, rotate: false, filament: "" });
      return send(context, "print", "ams_filament_drying", body, options);
    },
  };
}

interface Drying {
  readonly mode: 0 | 1;
  readonly temp: number;
  readonly duration: number;
  readonly rotate: boolean;
  readonly filament: string;
}

function dryingBody(unit: string, { mode, temp, duration, rotate, filament }: Drying): Body {
  const cooling = mode === 1 ? coolingCelsius : 0;
  const air = { ams_id: Number(unit), mode, temp, cooling_temp: cooling, duration, humidity: 0 };
  return { ...air, rotate_tray: rotate, filament, close_power_conflict: false };
}

/** The hottest air of this unit, °C. @throws PrinterError `invalid_input` for one that does not dry */
function checkedDryer({ link }: CommandContext, id: string): number {
  const unit = unitsOf(link.report()).find((each) => String(each["id"]) === id);
  if (unit === undefined) throw refused("/unit", `there is no unit "${id}"`);
  const maximum = dryingMaxCelsius[unitKind(unit) ?? 0];
  if (maximum === undefined) throw refused("/unit", `unit ${id} cannot dry; an AMS 2 Pro or AMS HT can`);
  return maximum;
}

function firstType({ link }: CommandContext, id: string): string {
  const unit = unitsOf(link.report()).find((each) => String(each["id"]) === id);
  const types = list(unit?.["tray"]).map((tray) => text(fields(tray)["tray_type"]));
  return types.find((type) => type !== "") ?? "PLA";
}
