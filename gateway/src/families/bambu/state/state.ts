// The merged report in the product's words: what the machine does and its job, and all else from the
// files beside this one. Pure. Facts: the family's README.

import type { Job, Phase, Readings } from "../../../model/printer.ts";
import { unknownReadings } from "../../../model/printer.ts";
import { fields, gcodeState, number, text } from "../report-fields.ts";
import { fits } from "../memory.ts";
import type { Report } from "../printer-link.ts";
import { readFaults } from "./state-faults.ts";
import { readHeat } from "./state-heat.ts";
import { readMachine } from "./state-machine.ts";
import { readMaterials } from "./state-materials.ts";
import { phaseOf, stageWords } from "./stages.ts";
import type { View } from "./view.ts";

export function readState(view: View): Readings {
  const { report, job } = view;
  const stage = number(report["stg_cur"]);
  const gcode = Object.hasOwn(report, "gcode_state") ? gcodeState(report) : "UNKNOWN";
  const layer = layerOf(report);
  const phase = phaseOf({ gcodeState: gcode, stage, layer, isCancelled: job.isCancelled });
  return {
    ...unknownReadings,
    phase: phase === "idle" && isUpdating(report) ? "busy" : phase,
    stage: readStage(report, phase, stage),
    job: readJob(view, phase),
    ...readHeat(view),
    ...readMachine(view),
    ...readMaterials(view),
    faults: readFaults(report),
    commandAccess: view.access,
  };
}

const updating: ReadonlySet<string> = new Set(["DOWNLOADING", "FLASHING", "PRE_FLASH_START", "PRE_FLASH_SUCCESS"]);

function isUpdating(report: Report): boolean {
  return updating.has(text(fields(report["upgrade_state"])["status"]).toUpperCase());
}

function readStage(report: Report, phase: Phase, stage: number | null): string | null {
  if (isUpdating(report)) return "updating firmware";
  const words = stageWords(stage);
  if (words !== null) return words;
  const prepared = number(report["gcode_file_prepare_percent"]) ?? number(report["prepare_per"]);
  return phase === "preparing" && prepared !== null && prepared < 100 ? "downloading the file" : null;
}

const withJob: ReadonlySet<Phase> = new Set([
  "preparing",
  "printing",
  "paused",
  "stopping",
  "finished",
  "stopped",
  "failed",
]);

/** The last job stays until the next one begins, as on the printer's own screen. */
function readJob(view: View, phase: Phase): Job | null {
  const { report, job } = view;
  const file = fileOf(view);
  if (!withJob.has(phase) || (file === null && job.isActive !== true)) return null;
  const percent = number(report["mc_percent"]) ?? number(report["percent"]);
  const minutes = number(report["mc_remaining_time"]) ?? number(report["remain_time"]);
  const { layer, layers } = layersOf(report);
  const skipped = report["s_obj"];
  return {
    id: idOf(report),
    file,
    progressRatio: percent === null ? null : Math.min(100, Math.max(0, percent)) / 100,
    elapsedSeconds: elapsedSeconds(view),
    remainingSeconds: job.isActive === true && minutes !== null && minutes >= 0 ? minutes * 60 : null,
    layer,
    layers,
    ...(Array.isArray(skipped) ? { skippedObjects: skipped.map(String) } : {}),
  };
}

/** Jobs from the LAN have none, or "0". */
function idOf(report: Report): string | null {
  const ids = [report["subtask_id"], report["task_id"], report["job_id"]].map((id) =>
    typeof id === "number" ? String(id) : text(id),
  );
  return ids.find((id) => id !== "" && id !== "0") ?? null;
}

/** What started it says it best; some models only tell where they unpacked it. */
function fileOf({ report, job: { order } }: View): string | null {
  if (order !== null && fits(order, report)) return order.file;
  const name = text(report["gcode_file"]).replaceAll("\0", "");
  if (name !== "" && !name.includes("Metadata/")) return name.replace(/^(?:file:\/\/)?\/(?:mnt\/)?(?:sdcard\/)?/u, "");
  const title = text(report["subtask_name"]);
  return title === "" ? null : title;
}

function layerOf(report: Report): number | null {
  return number(report["layer_num"]) ?? number(fields(report["3D"])["layer_num"]);
}

function layersOf(report: Report): Pick<Job, "layer" | "layers"> {
  const total = number(report["total_layer_num"]) ?? number(fields(report["3D"])["total_layer_num"]);
  return { layer: layerOf(report), layers: total === null || total <= 0 ? null : total };
}

/** By the printer's own time of the start; P1 and A1 tell none, so by when it was seen. */
function elapsedSeconds({ report, job, nowMs }: View): number | null {
  const told = number(report["gcode_start_time"]);
  const startMs = told !== null && told > 0 ? told * 1000 : job.startedMs;
  const endMs = job.isActive === true ? nowMs : job.endedMs;
  return startMs === null || endMs === null ? null : Math.max(0, Math.floor((endMs - startMs) / 1000));
}
