// What goes wrong with the simulated machine itself: filament, plate, cover, card, power.

import { knobFaults, number } from "../admin/fault-kinds.ts";
import { AdminInputError } from "../admin/parameters.ts";
import type { Fault, Faults } from "../simulator.ts";
import type { FaultTargets } from "./fault-targets.ts";
import type { Hms, Machine } from "./machine.ts";
import { globalSlot, type Spool, unknownSpool } from "./materials.ts";

const word = 0xffff_ffff;

/** Codes and pause stages of the faults that stop a job until somebody comes. */
const halts = {
  "filament-runout": { summary: "the filament has run out", error: 0x0300_8004, stage: 6 },
  spaghetti: { summary: "the camera sees spaghetti", error: 0x0300_8003, stage: 34 },
  "cover-fallen": { summary: "the front cover fell", error: 0x0300_8005, stage: 17 },
} as const;

export function machineFaults(targets: FaultTargets): Faults {
  const { machine } = targets.printer;
  return {
    ...Object.fromEntries(Object.entries(halts).map(([name, halt]) => [name, haltFault(machine, halt)])),
    "ams-runout": amsRunOut(machine),
    "print-failed": {
      summary: "the job ends FAILED with this print_error",
      parameters: { code: number(0, word, 0x0300_8008) },
      set: ({ code }) => {
        if (!machine.fail(Number(code))) throw noJob();
      },
    },
    "print-error": {
      summary: "print_error has this value until cleared or dismissed",
      parameters: { code: number(0, word) },
      set: ({ code }) => {
        machine.printError = Number(code);
        machine.onTransition();
      },
      clear: () => {
        machine.printError = 0;
        machine.onTransition();
      },
    },
    hms: {
      summary: "an HMS entry is raised until cleared; the default is an info",
      parameters: { attr: number(0, word, 0x0c00_0300), code: number(0, word, 0x0004_0001) },
      set: ({ attr, code }) => machine.raise({ attr: Number(attr), code: Number(code) }),
      clear: () => {
        machine.hms = [];
        machine.onTransition();
      },
    },
    ...partFaults(targets),
  };
}

function partFaults({ printer, powerCut, powerReturns }: FaultTargets): Faults {
  const { machine, card, knobs, switches } = printer;
  return {
    "power-cut": {
      summary: "everything is dark until this is cleared; the job is lost",
      set: powerCut,
      clear: powerReturns,
    },
    "card-removed": {
      summary: "there is no card",
      set: () => {
        card.state = "removed";
        machine.onTransition();
      },
      clear: () => {
        card.state = "present";
        machine.onTransition();
      },
    },
    "card-full": {
      summary: "nothing more can be written to the card",
      set: () => {
        card.state = "full";
      },
      clear: () => {
        card.state = "present";
      },
    },
    file: {
      summary: "a file lies on the card: its path, and what is in it as text or base64; with neither it is gone",
      parameters: {
        path: { kind: "text" },
        text: { kind: "text", optional: true },
        base64: { kind: "text", optional: true },
      },
      set: async ({ path, text, base64 }) => {
        if (card.locate(String(path)) === undefined) throw new AdminInputError("the card has no such path");
        if (typeof text === "string") await card.put(String(path), text);
        else if (typeof base64 === "string") await card.put(String(path), Buffer.from(base64, "base64"));
        else await card.remove(String(path));
      },
    },
    "door-open": {
      summary: "the door is open, where the model tells it",
      set: () => {
        switches.doorOpen = true;
        machine.onTransition();
      },
      clear: () => {
        switches.doorOpen = false;
        machine.onTransition();
      },
    },
    "no-ams": unitsGone(machine),
    "no-filament": knobFaults(knobs).at("filamentGone", true, "the sensor at the toolhead sees no filament"),
    spool: spoolFault(machine),
  };
}

function haltFault(
  machine: Machine,
  { summary, error, stage }: { readonly summary: string; readonly error: number; readonly stage: number },
): Fault {
  return {
    summary: `${summary}: the job pauses itself`,
    set: () => {
      if (!machine.halt(error, stage)) throw noJob();
    },
  };
}

/** With an HMS entry that names unit A, slot 1. */
function amsRunOut(machine: Machine): Fault {
  const entry: Hms = { attr: 0x0700_2000, code: 0x0002_0001 };
  return {
    summary: "slot A1 of the AMS has run out: the job pauses itself, with an HMS entry until cleared",
    set: () => {
      if (!machine.halt(0x0700_8011, 6)) throw noJob();
      machine.raise(entry);
    },
    clear: () => {
      machine.dismiss(entry);
      machine.onTransition();
    },
  };
}

function unitsGone(machine: Machine): Fault {
  let kept = [...machine.materials.units];
  return {
    summary: "no material unit is connected",
    set: () => {
      if (machine.materials.units.length > 0) kept = machine.materials.units.splice(0);
      machine.onTransition();
    },
    clear: () => {
      if (machine.materials.units.length === 0) machine.materials.units.push(...kept);
      machine.onTransition();
    },
  };
}

function spoolFault(machine: Machine): Fault {
  return {
    summary: "somebody puts a spool in a slot, or takes it out; without `type` nobody has said what it is",
    parameters: {
      unit: number(0, 135, 0),
      slot: number(0, 3, 0),
      present: { kind: "boolean", default: true },
      type: { kind: "text", default: "" },
      color: { kind: "text", default: "FFFFFFFF" },
    },
    set: ({ unit, slot, present, type, color }) => {
      const spool: Spool = { ...unknownSpool, type: String(type), color: String(color) };
      const there = machine.materials.put(globalSlot(Number(unit), Number(slot)), present === true ? spool : undefined);
      if (!there) throw new AdminInputError("there is no such slot");
      machine.onTransition();
    },
  };
}

function noJob(): AdminInputError {
  return new AdminInputError("there is no job");
}
