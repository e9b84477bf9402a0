// Rows of the command table about the machine itself: its nozzles, switches, camera and errors.

import * as z from "zod";
import { acknowledged, nothing, ready, type CommandRow } from "./command-row.ts";

const nozzle = z.string().regex(/^\d$/u).meta({ description: 'Id of the nozzle, as the state lists it: "0", "1".' });

export const machineCommands = {
  setNozzle: {
    label: "Fitted nozzle",
    summary: "Tell the printer which nozzle is fitted; a wrong size spoils prints.",
    input: z.strictObject({
      nozzle: nozzle.default("0"),
      diameterMillimeters: z.number().min(0.1).max(2).meta({ unit: "millimeters" }),
      kind: z.string().min(1).max(32).meta({ description: "What it is made of, by the printer's own word." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "nozzleSettings",
    rare: true,
    phases: ready,
    landed: ({ nozzles }, input) =>
      nozzles.find(({ id }) => id === input["nozzle"])?.diameterMillimeters === input["diameterMillimeters"],
  },
  selectNozzle: {
    label: "Select nozzle",
    summary: "Make one of several nozzles the active one.",
    input: z.strictObject({ nozzle }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "nozzleChoice",
    rare: true,
    phases: ready,
    landed: ({ nozzles }, input) => nozzles.find(({ id }) => id === input["nozzle"])?.active === true,
  },
  calibrate: {
    label: "Calibrate",
    summary: "Run the printer's own calibration; it heats and moves for many minutes.",
    input: z.strictObject({
      steps: z
        .array(
          z.enum([
            "lidar",
            "bedLevel",
            "vibration",
            "motorNoise",
            "nozzleOffset",
            "highTemperatureBed",
            "clumpDetection",
          ]),
        )
        .min(1)
        .max(7)
        .meta({ description: "What to calibrate." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: false,
    needs: "calibration",
    rare: true,
    phases: ready,
  },
  setAirMode: {
    label: "Air mode",
    summary: "Set how the printer leads the air of its chamber.",
    input: z.strictObject({ mode: z.string().min(1).max(32).meta({ description: "By the printer's own word." }) }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "airMode",
    rare: true,
    landed: ({ airMode }, { mode }) => airMode === mode,
  },
  setOption: {
    label: "Option",
    summary: "Switch one of the printer's own options, such as a detector or the prompt sound.",
    input: z.strictObject({
      option: z.string().min(1).max(64).meta({ description: "Id of the option, as the state lists it." }),
      on: z.boolean(),
      sensitivity: z
        .enum(["low", "medium", "high"])
        .optional()
        .meta({ description: "Of a detector that stops the print; left out: as it is." }),
    }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "options",
    rare: true,
    landed: ({ options }, { option, on }) => options.find(({ id }) => id === option)?.on === on,
  },
  setRecording: {
    label: "Recording",
    summary: "Let the printer record its camera while it prints, or not.",
    input: z.strictObject({ on: z.boolean() }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "recording",
    rare: true,
    landed: ({ recording }, { on }) => recording === on,
  },
  setTimelapse: {
    label: "Time-lapse",
    summary: "Let the printer make a time-lapse of its prints, or not.",
    input: z.strictObject({ on: z.boolean() }),
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "recording",
    rare: true,
    landed: ({ timelapse }, { on }) => timelapse === on,
  },
  dismissError: {
    label: "Dismiss error",
    summary: "Take the printer's error message away; what caused it stays.",
    input: nothing,
    output: acknowledged,
    effect: "changes",
    idempotent: true,
    needs: "errorDialogs",
    rare: true,
  },
  listObjects: {
    label: "Objects",
    summary: "List the objects of the running job and which of them are skipped.",
    input: nothing,
    output: z.object({
      items: z.array(
        z.object({
          id: z.string().meta({ description: "What `skip-objects` takes." }),
          name: z.string().nullable(),
          skipped: z.boolean(),
        }),
      ),
    }),
    effect: "observes",
    idempotent: true,
    needs: "objects",
    rare: true,
  },
  skipObjects: {
    label: "Skip objects",
    summary: "Leave objects of the running job out from here on, for good.",
    input: z.strictObject({
      objects: z
        .array(z.string().min(1).max(64))
        .min(1)
        .max(64)
        .meta({ description: "Ids, as list-objects has them." }),
    }),
    output: acknowledged,
    effect: "destroys",
    idempotent: true,
    needs: "objects",
    rare: true,
    phases: ["preparing", "printing", "paused"],
    landed: ({ job }, { objects }) => {
      const skipped = new Set(job?.skippedObjects ?? []);
      return Array.isArray(objects) && objects.every((id) => skipped.has(String(id)));
    },
  },
  getReport: {
    label: "Raw report",
    summary:
      "Show the printer's own status as it says it, secrets taken out: for questions that the state leaves open.",
    input: nothing,
    output: z.object({ report: z.looseObject({}) }),
    effect: "observes",
    idempotent: true,
    needs: "report",
    rare: true,
  },
  signMessage: {
    label: "Sign a command",
    summary: "Sign one of the printer's own commands with the operator's key and give the signature; nothing is sent.",
    input: z.strictObject({
      message: z.looseObject({}).meta({ description: "The command: one type with its object." }),
    }),
    output: z.object({
      header: z.object({
        signVersion: z.string(),
        algorithm: z.string(),
        signature: z.string().meta({ description: "Base64." }),
        certificateId: z.string(),
        payloadBytes: z.int(),
      }),
    }),
    // It changes nothing, and yet what it gives lets others command the printer.
    effect: "changes",
    idempotent: true,
    needs: "signing",
    rare: true,
  },
} as const satisfies Record<string, CommandRow>;
