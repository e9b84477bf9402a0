// `stg_cur` in words, and what the printer's `gcode_state` means as a phase. Facts: the family's README.

import type { Phase } from "../../../model/printer.ts";

/** By number, from 1; 0 is printing or nothing. */
const words: readonly string[] = [
  "",
  "auto bed levelling",
  "heatbed preheating",
  "vibration compensation",
  "changing filament",
  "M400 pause",
  "paused: filament run-out",
  "heating hotend",
  "dynamic flow calibration",
  "scanning bed surface",
  "inspecting first layer",
  "identifying build plate",
  "micro-lidar calibration",
  "homing toolhead",
  "cleaning nozzle tip",
  "checking extruder temperature",
  "paused by the user",
  "paused: front cover fell",
  "micro-lidar calibration",
  "flow-rate calibration",
  "paused: nozzle temperature malfunction",
  "paused: bed temperature malfunction",
  "filament unloading",
  "paused: skipped step",
  "filament loading",
  "motor noise calibration",
  "paused: AMS lost",
  "paused: heatbreak fan slow",
  "paused: chamber temperature error",
  "cooling chamber",
  "paused by G-code",
  "motor noise show-off",
  "paused: nozzle covered by filament",
  "paused: cutter error",
  "paused: first-layer error",
  "paused: nozzle clog",
  "accuracy check before calibration",
  "absolute accuracy calibration",
  "accuracy check after calibration",
  "nozzle offset calibration",
  "high-temperature bed levelling",
  "check quick-release lever",
  "check door and cover",
  "laser calibration",
  "check platform",
  "check bird's-eye camera position",
  "bird's-eye camera calibration",
  "bed levelling phase 1",
  "bed levelling phase 2",
  "heating chamber",
  "cooling heatbed",
  "printing calibration lines",
  "check material",
  "live-view camera calibration",
  "waiting for bed temperature",
  "check material position",
  "cutter model offset calibration",
  "measuring surface",
  "thermal preconditioning",
  "homing blade holder",
  "camera offset calibration",
  "blade holder position calibration",
  "hotend pick-and-place test",
  "waiting for chamber to equalise",
  "preparing hotend",
  "clumping detection calibration",
  "purifying chamber air",
  "measuring rotary attachment",
  "toolhead above purge chute",
  "cooling nozzle",
  "toolhead to bed centre",
  "arc fitting",
  "hotend type detection",
  "build-plate alignment detection",
  "foreign object on bed",
  "foreign object under bed",
  "pre-extrusion",
  "preparing AMS",
];

/** 255 on P1 and A1, -1 on the others; 0 is printing, or a P1 or A1 that was just switched on. */
const noStage: ReadonlySet<number> = new Set([-1, 0, 255]);

/** The stage in words; null where there is none. */
export function stageWords(stage: number | null): string | null {
  if (stage === null || noStage.has(stage)) return null;
  return words[stage] ?? `stage ${stage}`;
}

export interface PhaseSigns {
  /** In capitals. */
  readonly gcodeState: string;
  readonly stage: number | null;
  readonly layer: number | null;
  /** The job was cancelled: the printer says so for a second only. */
  readonly isCancelled: boolean;
}

/** As it is, and once the job was cancelled. */
const phases: Readonly<Record<string, readonly [Phase, Phase]>> = {
  IDLE: ["idle", "idle"],
  "": ["idle", "idle"],
  PREPARE: ["preparing", "stopping"],
  SLICING: ["preparing", "stopping"],
  RUNNING: ["printing", "stopping"],
  PAUSE: ["paused", "stopping"],
  FINISH: ["finished", "finished"],
  FAILED: ["failed", "stopped"],
};

export function phaseOf({ gcodeState, stage, layer, isCancelled }: PhaseSigns): Phase {
  const known = Object.hasOwn(phases, gcodeState) ? phases[gcodeState] : undefined;
  const phase = known?.[isCancelled ? 1 : 0] ?? "unknown";
  // A job runs through its stages before its first layer.
  return phase === "printing" && stageWords(stage) !== null && (layer ?? 0) === 0 ? "preparing" : phase;
}
