// One running job: what Klipper measures, with what Moonraker read from the file's header. Pure.
// Klipper gives neither a remaining time nor, unless the file sets it, a layer.

import type { Job } from "../../model/printer.ts";
import { fields, number, text, type Fields } from "./codec.ts";

/** What Moonraker knows of the job beside Klipper. */
export interface JobFacts {
  /** Its number in the history. */
  readonly id: string | null;
  /** Metadata of the file with this name; stale as soon as the job has another. */
  readonly file: string | null;
  readonly metadata: Fields;
}

export const noJob: JobFacts = Object.freeze({ id: null, file: null, metadata: {} });

/** Below this the rate of progress says nothing about the end. */
const leastProgress = 0.02;

export function readJob(status: Fields, facts: JobFacts): Job {
  const stats = fields(status["print_stats"]);
  const file = text(stats["filename"]);
  const metadata = file !== null && facts.file === file ? facts.metadata : {};
  const elapsed = number(stats["print_duration"]);
  const progress = progressOf(status);
  const estimated = number(metadata["estimated_time"]);
  return {
    id: facts.id,
    file,
    progressRatio: progress,
    elapsedSeconds: elapsed === null ? null : Math.round(elapsed),
    remainingSeconds: remaining(elapsed ?? 0, progress ?? 0, estimated),
    ...layersOf(status, metadata),
  };
}

/** By M73 where the file has it; Klipper falls back to the place in the file. */
function progressOf(status: Fields): number | null {
  const shown = number(fields(status["display_status"])["progress"]);
  const ratio = shown ?? number(fields(status["virtual_sdcard"])["progress"]);
  return ratio === null ? null : Number(Math.min(1, Math.max(0, ratio)).toFixed(4));
}

/** The slicer's estimate while it holds, else the rate so far; seconds. */
function remaining(elapsed: number, progress: number, estimated: number | null): number | null {
  if (estimated !== null && estimated > elapsed) return Math.round(estimated - elapsed);
  if (progress < leastProgress || elapsed === 0) return null;
  return Math.round(elapsed / progress - elapsed);
}

function layersOf(status: Fields, metadata: Fields): Pick<Job, "layer" | "layers"> {
  const stats = fields(status["print_stats"]);
  const info = fields(stats["info"]);
  const layers = number(info["total_layer"]) ?? number(metadata["layer_count"]);
  const told = number(info["current_layer"]);
  return { layer: told ?? layerByHeight(status, metadata, layers), layers };
}

/** As Mainsail and Fluidd count where nobody tells: by the height of the nozzle. */
function layerByHeight(status: Fields, metadata: Fields, layers: number | null): number | null {
  const at = fields(status["gcode_move"])["gcode_position"];
  const height = Array.isArray(at) ? number(at[2]) : null;
  const step = number(metadata["layer_height"]);
  if (height === null || step === null || step <= 0) return null;
  if (number(fields(status["print_stats"])["print_duration"]) === 0) return 0;
  const first = number(metadata["first_layer_height"]) ?? step;
  const layer = Math.max(1, Math.ceil((height - first) / step + 1 - 1e-6));
  return layers === null ? layer : Math.min(layer, layers);
}
