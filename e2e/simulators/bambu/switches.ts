// What an owner can switch in the printer: detectors, recording, options, the fitted nozzle.
// Plain values; ./report.ts words them and the commands set them.

import type { Profile } from "./profiles.ts";

type Sensitivity = "low" | "medium" | "high";

export interface Switches {
  /** Detectors by `module_name`. */
  readonly xcam: Record<string, boolean>;
  sensitivity: Sensitivity;
  printHalt: boolean;
  record: boolean;
  timelapse: boolean;
  resolution: string;
  autoRecovery: boolean;
  airPrint: boolean;
  tangle: boolean;
  blob: boolean;
  sound: boolean;
  filamentBackup: boolean;
  remainEstimate: boolean;
  storeSent: boolean;
  nozzleType: string;
  nozzleDiameter: number;
  doorOpen: boolean;
}

const detectorNames = [
  "first_layer_inspector",
  "buildplate_marker_detector",
  "printing_monitor",
  "spaghetti_detector",
  "pileup_detector",
  "clump_detector",
  "airprint_detector",
  "allow_skip_parts",
] as const;

const detectorsOf: Readonly<Record<Profile["detectors"], readonly string[]>> = {
  all: detectorNames,
  marker: ["buildplate_marker_detector"],
  none: [],
};

export function defaultSwitches({ camera, detectors }: Profile): Switches {
  return {
    xcam: Object.fromEntries(detectorsOf[detectors].map((name) => [name, true])),
    sensitivity: "medium",
    printHalt: true,
    record: true,
    timelapse: false,
    resolution: camera === "rtsps" ? "1080p" : "",
    autoRecovery: true,
    airPrint: false,
    tangle: false,
    blob: false,
    sound: true,
    filamentBackup: false,
    remainEstimate: true,
    storeSent: true,
    nozzleType: "stainless_steel",
    nozzleDiameter: 0.4,
    doorOpen: false,
  };
}
