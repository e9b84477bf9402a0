// Methods 1019 to 1023: start, pause, stop, resume. Each is answered only when the mechanics are done.

import { errorCode } from "./errors.ts";
import { isMedium, type StoredFile } from "./files.ts";
import type { Job } from "./job.ts";
import type { Machine } from "./machine.ts";
import type { Method } from "./method.ts";
import type { Printer } from "./printer.ts";
import { isObject, type JsonObject } from "./status.ts";

export const printMethods: Readonly<Record<number, Method>> = {
  1019: (_printer, { config }) =>
    isObject(config) && typeof config["delay_video"] === "boolean" ? {} : errorCode.invalidParameter,
  1020: startPrint,
  1021: async ({ machine }) => {
    const { job } = machine;
    return job !== undefined && machine.pause() ? paused(machine, job) : errorCode.notPrinting;
  },
  1022: async ({ machine }) => {
    const { job } = machine;
    return job !== undefined && machine.stop()
      ? machine.outcome(() => (machine.job === job ? undefined : errorCode.ok))
      : errorCode.notPrinting;
  },
  1023: resumePrint,
};

/** @returns the tool's trays, or the code of what is wrong with the map. */
type Trays = ReadonlyMap<number, number>;

async function startPrint(printer: Printer, params: JsonObject): Promise<number> {
  const { machine, files } = printer;
  const { storage_media: medium = "local", filename, config = {} } = params;
  if (!isMedium(medium) || typeof filename !== "string" || !isObject(config)) return errorCode.invalidParameter;
  if (!machine.idle) return errorCode.busy;
  const file = files.get(medium, filename);
  if (file === undefined || (medium === "u-disk" && !printer.usbStick)) return errorCode.fileNotFound;
  if (!machine.filamentPresent) return errorCode.filamentRunOut;
  // Side B has a mesh of its own, which nobody has measured.
  if (config["print_layout"] === "B") return errorCode.meshMissing;
  const trays = traysFor(machine, file, config["slot_map"]);
  if (typeof trays === "number") return trays;
  const job = machine.start(file, {
    levelling: config["printer_check"] === true || config["bedlevel_force"] === true,
    timeLapse: config["delay_video"] === true,
    trays,
  });
  return reaches(machine, job, "printing", ["paused", "stopping", "stopped", "complete"]);
}

async function resumePrint({ machine }: Printer): Promise<number> {
  const { job } = machine;
  if (job?.stage !== "paused") return errorCode.notPrinting;
  if (!machine.filamentPresent) return errorCode.filamentRunOut;
  machine.resume();
  return reaches(machine, job, "printing", ["pausing", "paused", "stopping", "stopped", "complete"]);
}

async function paused(machine: Machine, job: Job): Promise<number> {
  return reaches(machine, job, "paused", ["resuming", "stopping", "stopped", "complete"]);
}

/** Waits until the job is at a stage; it is refused when the job went elsewhere or ended before. */
async function reaches(machine: Machine, job: Job, goal: Job["stage"], elsewhere: readonly string[]): Promise<number> {
  return machine.outcome(() => {
    if (machine.job === job && job.stage === goal) return errorCode.ok;
    return machine.job !== job || elsewhere.includes(job.stage) ? errorCode.notPrinting : undefined;
  });
}

function traysFor({ canvas }: Machine, { tools }: StoredFile, slotMap: unknown): Trays | number {
  if (slotMap !== undefined && !Array.isArray(slotMap)) return errorCode.invalidParameter;
  const entries: readonly unknown[] = slotMap ?? [];
  if (entries.length === 0) return traysUnasked(canvas, tools, slotMap !== undefined);
  const trays = new Map<number, number>();
  for (const entry of entries) {
    const { t, canvas_id: canvasId, tray_id: tray } = isObject(entry) ? entry : {};
    const good = typeof t === "number" && canvasId === 0 && typeof tray === "number" && canvas?.has(tray) === true;
    if (!good) return errorCode.invalidParameter;
    trays.set(t, tray);
  }
  return tools.every(({ tool }) => trays.has(tool)) ? trays : errorCode.invalidParameter;
}

/** Without a map one filament comes from the external spool; several come from the trays of their numbers. */
function traysUnasked(canvas: Machine["canvas"], tools: StoredFile["tools"], asked: boolean): Trays | number {
  if (tools.length < 2) return new Map();
  if (asked || canvas === undefined) return errorCode.invalidParameter;
  const loaded = tools.every(({ tool }) => canvas.has(tool));
  return loaded ? new Map(tools.map(({ tool }) => [tool, tool])) : errorCode.invalidParameter;
}
