// Loading and unloading filament, and answers to a change that stands still. Never while a job runs,
// and never with a cold nozzle: the printer is told what to heat to. Facts: the family's README.

import type { CommandHandlers } from "../../../model/commands.ts";
import { PrinterError } from "../../../model/errors.ts";
import { isRunning } from "../report-fields.ts";
import { demandNotRunning, refused, send, type CommandContext, type Outcome } from "./commands-send.ts";
import { coldCelsius, heatLimits, unloadCelsius } from "./limits.ts";
import { findSlot, middleCelsius, type Slot } from "./materials-slots.ts";
import { externalUnit, type Body, type SlotName } from "../printer-link.ts";
import { isOlder } from "./commands-available.ts";

const answers = { retry: "resume", done: "done", pause: "pause", reset: "reset", abort: "abort" } as const;
const refusals = { [-2]: "the chamber is too hot to change filament: let it cool down" };

export function changeHandlers(context: CommandContext): CommandHandlers {
  return {
    loadMaterial: async (input, options) => load(context, input, options.signal),
    unloadMaterial: async (_input, options) => {
      demandNotRunning(context, isRunning, "changing filament");
      const { link } = context;
      // Firmware from before the common command has one of its own.
      if (isOlder(link.model, link.firmware, "changeFilament"))
        return send(context, "print", "unload_filament", {}, options);
      return send(context, "print", "ams_change_filament", unloadBody(context), options, { refusals });
    },
    controlMaterialChange: async ({ action }, options) =>
      send(context, "print", "ams_control", { param: answers[action] }, options),
  };
}

async function load(context: CommandContext, name: SlotName, signal: AbortSignal): Promise<Outcome> {
  const { link } = context;
  const slot = findSlot(link.report(), link.model, name, "");
  demandNotRunning(context, isRunning, "changing filament");
  if (!slot.isPresent) throw refused("/slot", `slot ${name.slot} of unit ${name.unit} is empty`);
  const celsius = checkedTarget(context, slot);
  const ask = async (body: Body): Promise<Outcome> =>
    send(context, "print", "ams_change_filament", body, { signal }, { refusals });
  const body = loadBody(context, slot, celsius);
  try {
    return await ask(body);
  } catch (thrown) {
    // Sources name the spool holder's slot 254 or 0. This one was refused, so nothing has moved.
    const isRefused = thrown instanceof PrinterError && thrown.code === "printer_refused";
    if (!isRefused || body["slot_id"] !== 254) throw thrown;
    return ask({ ...body, slot_id: 0 });
  }
}

function checkedTarget({ link }: CommandContext, slot: Slot): number {
  const celsius = middleCelsius(slot);
  if (celsius === null)
    throw refused("/slot", "which temperatures its filament wants is not known: use set-material first");
  const { nozzleCelsius } = heatLimits(link.model, link.report());
  if (celsius > nozzleCelsius) throw refused("/slot", `the nozzle takes at most ${nozzleCelsius} °C, not ${celsius}`);
  if (celsius < coldCelsius) throw refused("/slot", `filament moves from ${coldCelsius} °C, not at ${celsius}`);
  return celsius;
}

function loadBody(context: CommandContext, slot: Slot, celsius: number): Body {
  if (!slot.isExternal) {
    const { global, amsId, slotId } = slot;
    return { target: global, curr_temp: nozzleTarget(context), tar_temp: celsius, ams_id: amsId, slot_id: slotId };
  }
  const temperatures = { curr_temp: celsius, tar_temp: celsius };
  if (context.link.model.nozzles === 1) return { target: 254, ...temperatures, ams_id: 255, slot_id: 254 };
  return { target: slot.amsId, ...temperatures, ams_id: slot.amsId, slot_id: 0 };
}

/** What the nozzle in use is to have now, °C; 0 where that is not known. */
function nozzleTarget({ link }: CommandContext): number {
  const { nozzles } = link.readings();
  const nozzle = nozzles.find(({ active }) => active === true) ?? nozzles[0];
  return Math.round(nozzle?.targetCelsius ?? 0);
}

function unloadBody(context: CommandContext): Body {
  const { link } = context;
  const loaded = link.readings().materials.find(({ active }) => active === true);
  const slot = loaded === undefined ? undefined : findSlot(link.report(), link.model, loaded, "");
  const wanted = (slot === undefined ? null : middleCelsius(slot)) ?? 0;
  const { nozzleCelsius } = heatLimits(link.model, link.report());
  const celsius = Math.min(nozzleCelsius, Math.max(unloadCelsius, wanted, nozzleTarget(context)));
  const amsId = loaded === undefined || loaded.unit === externalUnit ? 255 : Number(loaded.unit);
  return { target: 255, curr_temp: celsius, tar_temp: celsius, ams_id: amsId, slot_id: 255 };
}
