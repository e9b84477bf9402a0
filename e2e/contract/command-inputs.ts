// An input for every command of the table, from what the printer itself says it has, and the file
// for one that takes a file. How the contract suite asks; what is right is the suite's matter.

import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Session } from "@gantry/gateway/families/family";
import type { CommandName, FileToSend } from "@gantry/gateway/model/commands";
import type { Readings } from "@gantry/gateway/model/printer";
import { until } from "../scenarios/harness/until.ts";

export type Handle = (
  input: unknown,
  options: { signal: AbortSignal; file?: FileToSend },
) => Promise<Readonly<Record<string, unknown>>>;

interface Asking {
  readonly session: Session;
  readonly readings: Readings;
  readonly signal: AbortSignal;
  /** What it does at this moment. */
  readonly phase: () => Readings["phase"];
  /** Ending of a file that the family prints. */
  readonly fileType: string;
}

type Input = Readonly<Record<string, unknown>>;

/** Commands that are not just `{}`. */
const inputs: Partial<Record<CommandName, (asking: Asking) => Input | Promise<Input | undefined>>> = {
  start: async (asking) => ({
    file: await storedFile(asking),
    levelBed: false,
    timelapse: false,
    // A file of several filaments is not started by guess.
    ...(asking.readings.materials.length > 0 && { slots: [{ tool: 0, ...slotOf(asking.readings) }] }),
  }),
  setHeaterTarget: () => ({ heater: "nozzle0", targetCelsius: 40 }),
  setHeaterOffset: () => ({ heater: "nozzle0", offsetCelsius: 2 }),
  setFanSpeed: ({ readings }) => ({ fan: readings.fans[0]?.id ?? "part", speedRatio: 0.5 }),
  setSpeed: ({ readings: { speedMode, speedRatio } }) => {
    if (speedMode !== null) return { mode: speedMode };
    return speedRatio === null ? { mode: "balanced" } : { speedRatio };
  },
  setLight: ({ readings }) => ({ light: readings.lights[0]?.id ?? "chamber", on: true }),
  home: () => ({ axes: ["x", "y", "z"] }),
  jog: async ({ session, signal, phase }) => {
    // Most machines move by hand only what is homed, and not while they home.
    await handlerOf(session, "home")?.({ axes: ["x", "y", "z"] }, { signal });
    await handlerOf(session, "refresh")?.({}, { signal });
    await until("it has homed", () => phase() !== "busy");
    return { axis: "x", distanceMillimeters: 1 };
  },
  sendGcode: () => ({ lines: ["M105"] }),
  setAutoRefill: () => ({ on: true }),
  runMacro: async (asking) => ({ macro: await first(asking, "listMacros", "name") }),
  loadMaterial: ({ readings }) => slotOf(readings),
  controlMaterialChange: () => ({ action: "retry" }),
  // A spool that was read off its tag is not to be told what it is; the last slot has none.
  setMaterial: ({ readings }) => ({
    ...slotOf({ ...readings, materials: readings.materials.slice(-1) }),
    type: "PLA",
    colorHex: "#1E90FF",
  }),
  readMaterialTag: ({ readings }) => slotOf(readings),
  startDrying: ({ readings }) => ({
    unit: readings.materialUnits[0]?.id ?? "0",
    temperatureCelsius: 45,
    durationHours: 4,
    rotate: false,
  }),
  stopDrying: ({ readings }) => ({ unit: readings.materialUnits[0]?.id ?? "0" }),
  setNozzle: () => ({ nozzle: "0", diameterMillimeters: 0.4, kind: "hardened_steel" }),
  selectNozzle: ({ readings }) => ({ nozzle: readings.nozzles.find(({ active }) => active !== true)?.id ?? "0" }),
  calibrate: () => ({ steps: ["bedLevel"] }),
  setAirMode: ({ readings }) => ({ mode: readings.airMode ?? "cooling" }),
  setOption: ({ readings }) => ({ option: readings.options[0]?.id ?? "sound", on: true }),
  setRecording: () => ({ on: true }),
  setTimelapse: () => ({ on: true }),
  skipObjects: async (asking) => {
    // A printer in the middle of a job that nobody saw begin may not tell which plate it prints.
    const id = await first(asking, "listObjects", "id", "0").catch((error: { code?: string }) => error.code);
    return id === "not_found" ? undefined : { objects: [id] };
  },
  signMessage: () => ({ message: { print: { command: "pause", param: "", sequence_id: "20007" } } }),
  inspectFile: async (asking) => ({ file: await storedFile(asking) }),
  listCloudJobs: () => ({ limit: 5 }),
  uploadFile: ({ fileType }) => ({ file: `contract${fileType}` }),
  selectFile: async (asking) => ({ file: await storedFile(asking) }),
  deleteFile: async (asking) => ({ file: await storedFile(asking) }),
  downloadFile: async (asking) => ({ file: await storedFile(asking) }),
  getThumbnail: async (asking) => ({ file: await storedFile(asking) }),
  listHistory: () => ({ limit: 5 }),
  downloadTimelapse: async (asking) => {
    const id = await first(asking, "listTimelapses", "id", "");
    return id === "" ? undefined : { id };
  },
};

/** undefined where the printer has nothing that the command could be asked of. */
export async function inputFor(name: CommandName, asking: Asking): Promise<Input | undefined> {
  const input = inputs[name];
  return input === undefined ? {} : input(asking);
}

/** The handler of a command, its own types forgotten. */
export function handlerOf({ handlers }: Session, name: CommandName): Handle | undefined {
  return handlers[name] as Handle | undefined;
}

/** A small file on disk, as the gateway spools one. Dispose removes it. */
export async function spooledFile(): Promise<FileToSend & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "contract-"));
  const content = "; a file of the contract suite\nG28\nM104 S0\n";
  const path = join(folder, "file.gcode");
  await writeFile(path, content);
  return {
    path,
    sizeBytes: Buffer.byteLength(content),
    md5: createHash("md5").update(content).digest("hex"),
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true }),
  };
}

async function storedFile(asking: Asking): Promise<string> {
  if (asking.readings.job?.file != null) return asking.readings.job.file;
  return first(asking, "listFiles", "name");
}

/** The first slot that holds something. */
function slotOf({ materials }: Readings): Input {
  const { unit, slot } = materials.find(({ type }) => type !== null) ?? { unit: "0", slot: "0" };
  return { unit, slot };
}

/** A key of the first item that a listing command gives; `otherwise` where there is no such item or command. */
async function first(
  { session, signal }: Asking,
  command: CommandName,
  key: string,
  otherwise = "cube.gcode",
): Promise<string> {
  const answer = await handlerOf(session, command)?.({}, { signal });
  const [item] = (answer?.["items"] ?? []) as readonly Input[];
  const value = item?.[key];
  return typeof value === "string" ? value : otherwise;
}
