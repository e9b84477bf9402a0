// Code numbers of a Centauri Carbon in words: what it does, what it refuses, why a job ended.
// Sources: the firmware's print_stats and print_history, the vendor's web page (./README.md).

import type { RequestName } from "./request-table.ts";

type Words = Readonly<Record<number, string>>;

/** Elements of `CurrentStatus` during which the machine does something that is no job. */
export const busyWords: Words = {
  3: "exposure test",
  4: "self check",
  5: "bed levelling",
  6: "resonance test",
  7: "busy",
  9: "homing",
  10: "filament feeding",
  11: "PID tuning",
};

/** `PrintInfo.Status` → its word. 2 to 4 belong to resin printers. */
export const stageWords: Words = {
  0: "waiting",
  1: "homing",
  5: "pausing",
  6: "paused",
  7: "stopping",
  8: "stopped",
  9: "complete",
  10: "file checking",
  11: "device checking",
  12: "resuming",
  13: "printing",
  14: "error",
  15: "bed levelling",
  16: "preheating",
  17: "resonance test",
  18: "print start",
  19: "levelling done",
  20: "preheating done",
  21: "homing done",
  22: "resonance test done",
  23: "foreign object check",
  24: "foreign object check done",
  25: "filament change",
  26: "filament change done",
};

/** `PrintInfo.ErrorNumber`: what is wrong with the file. */
export const errorWords: Words = {
  1: "the file's MD5 does not match",
  2: "the file cannot be read",
  3: "the file was sliced for another resolution",
  4: "the file has the wrong format",
  5: "the file was sliced for another printer model",
};

/** `ErrorStatusReason` of a job in the history, as printers with filament mean it. */
const reasonWords: Words = {
  1: "a heater got too hot",
  3: "the filament ran out",
  6: "the filament is jammed",
  7: "bed levelling failed",
  12: "the USB stick was removed",
  13: "homing X failed",
  14: "homing Z failed",
  17: "homing failed",
  18: "an object lies on the plate, or the print came off it",
  19: "the printer gives no reason; look at its screen",
  20: "the machine did not move as it should",
  23: "homing Y failed",
  24: "the file is faulty",
  25: "the camera failed",
  26: "the network failed",
  27: "the printer could not reach its maker's server",
  28: "the printer is not bound to an app",
  33: "the nozzle's temperature sensor is offline",
  34: "the bed's temperature sensor is offline",
  45: "the filament is about to run out",
};

/** Why a job ended or waits; null for 0, which is no reason. */
export function reasonOf(code: number | null): string | null {
  if (code === null || code === 0) return null;
  return reasonWords[code] ?? `reason ${code}, which this version of Gantry does not know`;
}

const inPresentState: Words = { 1: "the printer refuses it in its present state" };
const busy: Words = { 1: "the printer is busy" };

/** Answer codes other than 0. */
const refusalWords: Partial<Record<RequestName, Words>> = {
  startPrint: {
    ...busy,
    2: "the printer has no such file",
    3: "the file's MD5 does not match",
    4: "the file cannot be read",
    5: "the file was sliced for another resolution",
    6: "the file has the wrong format",
    7: "the file was sliced for another printer model",
  },
  pausePrint: inPresentState,
  stopPrint: inPresentState,
  resumePrint: { ...inPresentState, 2: "it cannot go on yet: load filament first" },
  readFile: { 1: "the printer does not take this file name", 2: "the printer has no such file" },
  enableCamera: {
    1: "the camera is in use by another viewer",
    2: "the printer has no camera",
    3: "the camera failed",
  },
  jog: {
    ...busy,
    2: "the distance leads out of the axis's travel",
    3: "home the axis first",
    4: "homing failed",
    5: "homing failed",
  },
  home: busy,
  deleteFiles: inPresentState,
  changeParameter: inPresentState,
};

/** The words for an answer that is no acceptance; the raw code stays in them. */
export function refusalOf(name: RequestName, ack: number | null): string {
  const words = refusalWords[name]?.[ack ?? -1] ?? "the printer refused it";
  return `${words} (code ${ack ?? "none"})`;
}
