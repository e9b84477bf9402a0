// Rows of the command table about filament: the units that hold spools, and what is loaded.

import * as z from "zod";
import { acknowledged, nothing, ready, type CommandRow } from "./command-row.ts";
import type { Material, Readings } from "./printer.ts";

const unit = z.string().min(1).max(32).meta({ description: "Id of the material unit, as the state lists it." });
const slot = z.string().min(1).max(32).meta({ description: "Slot of that unit, as the state lists it." });

const restingOrPaused = [...ready, "paused"] as const;

export const materialCommands = {
  loadMaterial: {
    label: "Load filament",
    summary: "Change to the filament of a slot: the nozzle heats, the old filament is taken out, the new one comes in.",
    input: z.strictObject({ unit, slot }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "materialChange",
    phases: restingOrPaused,
    landed: (state, input) => materialOf(state, input)?.active === true,
  },
  unloadMaterial: {
    label: "Unload filament",
    summary: "Take the filament out of the head: the nozzle heats and the filament goes back to its slot.",
    input: nothing,
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "materialChange",
    phases: restingOrPaused,
    landed: ({ materials }) => materials.every(({ active }) => active !== true),
  },
  controlMaterialChange: {
    label: "Filament change",
    summary: "Answer a filament change that stands still: try again, go on because filament comes out, or give it up.",
    input: z.strictObject({ action: z.enum(["retry", "done", "pause", "reset", "abort"]) }),
    output: acknowledged,
    effect: "changes",
    idempotent: false,
    needs: "materialChange",
    rare: true,
  },
  setMaterial: {
    label: "Slot filament",
    summary: "Tell the printer which filament is in a slot; left-out `type` tells it that this is unknown.",
    input: z.strictObject({
      unit,
      slot,
      type: z.string().min(1).max(32).optional().meta({ description: "Kind: PLA, PETG, ABS, …" }),
      colorHex: z
        .string()
        .regex(/^#[0-9A-Fa-f]{6}$/u)
        .optional()
        .meta({ description: "Colour, as #RRGGBB." }),
      nozzleMinimumCelsius: z.int().min(0).max(350).optional().meta({ unit: "celsius" }),
      nozzleMaximumCelsius: z.int().min(0).max(350).optional().meta({ unit: "celsius" }),
      profile: z.string().min(1).max(64).optional().meta({ description: "The vendor's id of the filament preset." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "materialSettings",
    rare: true,
    landed: (state, input) => {
      const seen = materialOf(state, input);
      if (seen === undefined) return false;
      const isColored = input["colorHex"] === undefined || seen.colorHex?.toUpperCase() === upper(input["colorHex"]);
      return (seen.type ?? undefined) === input["type"] && isColored;
    },
  },
  readMaterialTag: {
    label: "Read spool tag",
    summary: "Have the unit turn the spool of a slot and read its tag.",
    input: z.strictObject({ unit, slot }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "materialSettings",
    rare: true,
    phases: restingOrPaused,
  },
  startDrying: {
    label: "Dry filament",
    summary: "Heat a material unit to dry its spools.",
    input: z.strictObject({
      unit,
      temperatureCelsius: z.int().min(45).max(85).meta({ unit: "celsius", description: "Temperature of the air, °C." }),
      durationHours: z.int().min(1).max(24).meta({ description: "How long, in hours." }),
      type: z.string().min(1).max(32).optional().meta({ description: "Kind of filament: PLA, PETG, …" }),
      rotate: z.boolean().default(false).meta({ description: "Turn the spools meanwhile; they must be unloaded." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "drying",
    rare: true,
    landed: (state, input) => isDrying(state, input),
  },
  stopDrying: {
    label: "Stop drying",
    summary: "End the drying of a material unit.",
    input: z.strictObject({ unit }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "drying",
    rare: true,
    landed: (state, input) => !isDrying(state, input),
  },
} as const satisfies Record<string, CommandRow>;

type Input = Readonly<Record<string, unknown>>;

function materialOf({ materials }: Readings, input: Input): Material | undefined {
  return materials.find((material) => material.unit === input["unit"] && material.slot === input["slot"]);
}

function isDrying({ materialUnits }: Readings, input: Input): boolean {
  const seconds = materialUnits.find(({ id }) => id === input["unit"])?.dryingRemainingSeconds;
  return seconds != null && seconds > 0;
}

function upper(value: unknown): string | undefined {
  return typeof value === "string" ? value.toUpperCase() : undefined;
}
