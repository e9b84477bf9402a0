// Starts jobs: checks what `project_file` and `gcode_file` ask for as the firmware does, each fault
// with the error it shows for it.

import { type Body, fail, type Outcome, success } from "./command.ts";
import type { JobPlan } from "./job.ts";
import { noSlot } from "./materials.ts";
import type { Printer } from "./printer.ts";
import { type ArchivePlate, readPlate } from "./project-archive.ts";

const unsupportedName = 0x0500_4002;
const notParsable = 0x0500_4003;
const busy = 0x0500_4004;
const startFailed = 0x0500_4008;
const notAvailable = 0x0500_8013;
const noMapping = 0x0700_8012;
const noUnitMapping = 0x07ff_8012;
const flags = ["timelapse", "bed_leveling", "flow_cali", "vibration_cali", "layer_inspect", "use_ams"] as const;
const mainStage = 2;

export async function startProject(printer: Printer, body: Body): Promise<Outcome> {
  const { machine } = printer;
  if (!machine.free) return refuseBusy(printer);
  if (flags.some((flag) => body[flag] !== undefined && typeof body[flag] !== "boolean")) {
    return refuse(printer, startFailed, "parameters must be booleans");
  }
  const checked = await check(printer, body);
  if ("error" in checked) return refuse(printer, checked.error, checked.reason);
  // Another client may have been quicker while the file was read.
  if (!machine.free) return refuseBusy(printer);
  machine.start(planOf(printer, body, checked));
  const error = mappingError(printer, body, checked.found);
  if (error !== undefined) machine.halt(error, 0);
  return success;
}

interface Checked {
  readonly name: string;
  readonly plate: number;
  readonly found: ArchivePlate;
}

async function check(
  printer: Printer,
  { url, param, md5 }: Body,
): Promise<Checked | { readonly error: number; readonly reason: string }> {
  const name = fileName(printer, url);
  if (name === undefined || !/\.3mf$/i.test(name)) return { error: unsupportedName, reason: "unsupported url" };
  const path = printer.card.locate(name);
  const entry = await printer.card.entry(name);
  if (path === undefined || entry?.isFolder !== false) return { error: notAvailable, reason: "file not available" };
  const plate = Number(/^Metadata\/plate_(\d+)\.gcode$/.exec(String(param))?.[1] ?? 0);
  const found = plate > 0 ? await readPlate(path, plate) : undefined;
  if (found === undefined) return { error: notParsable, reason: "cannot parse the file" };
  if (typeof md5 === "string" && md5 !== "" && md5.toUpperCase() !== found.md5) {
    return { error: notParsable, reason: "md5 differs" };
  }
  return { name, plate, found };
}

/** Plain G-code of the card, or one of the firmware's own files. */
export async function startGcodeFile(printer: Printer, { param }: Body): Promise<Outcome> {
  const { machine, card } = printer;
  if (typeof param !== "string") return fail("invalid param");
  if (param === "/usr/etc/print/auto_cali_for_user.gcode") {
    if (!machine.free) return fail("busy");
    machine.calibrate([1, 3]);
    return success;
  }
  if (param === "/usr/etc/print/filament_unload.gcode") {
    machine.changeFilament(noSlot);
    return success;
  }
  if (!machine.free) return refuseBusy(printer);
  const name = param.replace(/^(?:\/sdcard)?\//, "");
  if (!/\.gcode$/i.test(name)) return refuse(printer, unsupportedName, "unsupported file");
  if ((await card.entry(name))?.isFolder !== false) return refuse(printer, notAvailable, "file not available");
  const plate = { md5: "", layers: 100, printSeconds: 900, nozzleCelsius: 220, bedCelsius: 60, filaments: [] };
  machine.start(planOf(printer, {}, { name, plate: 1, found: plate }));
  return success;
}

/** Path on the card. Besides the profile's own form `ftp://NAME`, which foreign clients send to every model. */
function fileName({ profile }: Printer, url: unknown): string | undefined {
  if (typeof url !== "string") return undefined;
  const short = /^ftp:\/\/([^/].*)$/.exec(url)?.[1];
  const name = url.startsWith(profile.jobUrl) ? url.slice(profile.jobUrl.length) : short;
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  return name === undefined || name === "" || /[<>:"\\|?*\u0000-\u001F]/.test(name) ? undefined : name;
}

function mappingError({ machine }: Printer, body: Body, { filaments }: ArchivePlate): number | undefined {
  if (body["use_ams"] !== true) return undefined;
  if (machine.materials.units.length === 0) return noUnitMapping;
  const mapping = Array.isArray(body["ams_mapping"]) ? (body["ams_mapping"] as unknown[]) : [];
  if (mapping.some((slot) => slot === 254 || slot === 255)) return noMapping;
  const second = Array.isArray(body["ams_mapping2"]) ? (body["ams_mapping2"] as unknown[]) : [];
  const missing = filaments.some((id) => {
    const slot = Number(mapping[id - 1] ?? -1);
    return slot < 0 ? !isExternal(second[id - 1]) : machine.materials.place(slot) === undefined;
  });
  return missing ? noMapping : undefined;
}

function isExternal(place: unknown): boolean {
  if (typeof place !== "object" || place === null) return false;
  const { ams_id, slot_id } = place as { readonly ams_id?: unknown; readonly slot_id?: unknown };
  return (ams_id === 254 || ams_id === 255) && slot_id === 0;
}

function planOf({ profile }: Printer, body: Body, { name, plate, found }: Checked): JobPlan {
  const text = (key: string): string => (typeof body[key] === "string" ? body[key] : "0");
  const base = name.split("/").at(-1) ?? name;
  const mapping = Array.isArray(body["ams_mapping"]) ? (body["ams_mapping"] as unknown[]).map(Number) : [];
  return {
    file: base,
    subtaskName:
      typeof body["subtask_name"] === "string" ? body["subtask_name"] : base.replace(/(?:\.gcode)?\.3mf$/i, ""),
    plate,
    layers: found.layers,
    printSeconds: found.printSeconds,
    nozzleCelsius: found.nozzleCelsius,
    bedCelsius: found.bedCelsius,
    stages: stagesFor(profile.stages, body),
    mapping: body["use_ams"] === true ? mapping : [],
    ids: {
      project_id: text("project_id"),
      profile_id: text("profile_id"),
      task_id: text("task_id"),
      subtask_id: text("subtask_id"),
    },
    printType: "local",
    timelapse: body["timelapse"] === true,
  };
}

/** What was not asked for is left out: levelling 1, flow 8, first layer 10 and its scan 9 and 12. */
function stagesFor(stages: readonly number[], body: Body): readonly number[] {
  const optional: Readonly<Record<number, unknown>> = {
    1: body["bed_leveling"],
    8: body["flow_cali"],
    9: body["layer_inspect"],
    10: body["layer_inspect"],
    12: body["layer_inspect"],
  };
  const wanted = stages.filter((stage) => optional[stage] !== false);
  return wanted.length > 0 ? wanted : [mainStage];
}

function refuseBusy(printer: Printer): Outcome {
  if (printer.profile.startCancels) {
    printer.machine.stop();
    return fail("busy", { err_code: busy });
  }
  return refuse(printer, busy, "busy");
}

function refuse({ machine }: Printer, error: number, reason: string): Outcome {
  machine.printError = error;
  machine.onTransition();
  return fail(reason, { err_code: error });
}
