// The models that this simulator can be, as data: what a printer of that model reports and refuses.
// Not the state of one. Facts: the Bambu section of ../README.md.

/** 1 AMS, 2 AMS Lite, 3 AMS 2 Pro, 4 AMS HT, as in `info` of a unit. */
export type UnitKind = 1 | 2 | 3 | 4;

export interface UnitPlan {
  readonly id: number;
  readonly kind: UnitKind;
  /** The nozzle it feeds: 0 right or only, 1 left. */
  readonly extruder: 0 | 1;
}

export interface Profile {
  /** Code in discovery and in 3MF files. */
  readonly code: string;
  /** As printed on it: "P1S". */
  readonly name: string;
  readonly productName: string;
  readonly serialPrefix: string;
  readonly firmware: string;
  /** `delta`: what changed; `full`: everything each second; `both`: as delta, with `device`. */
  readonly reports: "delta" | "full" | "both";
  readonly camera: "jpeg" | "rtsps";
  readonly jobUrl: "file:///sdcard/" | "ftp:///";
  readonly nozzles: 1 | 2;
  readonly chamberSensor: boolean;
  /** Highest chamber target, degrees Celsius; null without a heater. */
  readonly chamberMaxCelsius: number | null;
  readonly airDuct: boolean;
  /** Fans that its G-code `M106 P` reaches. */
  readonly fans: readonly number[];
  readonly lights: readonly string[];
  /** `stg_cur` while nothing is done. */
  readonly idleStage: -1 | 255;
  /** Tells by `fun` whether it wants signatures. */
  readonly tellsFun: boolean;
  /** `gcode_file` of a job: the name of the 3MF, or the plate's path on the RAM disk. */
  readonly gcodeFile: "name" | "ram";
  /** The stages a job goes through before its first layer. */
  readonly stages: readonly number[];
  readonly units: readonly UnitPlan[];
  /** A client that subscribes to the request topic is thrown out. */
  readonly guardsRequests: boolean;
  /** A start while busy cancels the running job. */
  readonly startCancels: boolean;
  /** `xcam`: all detectors, the one for the build plate's marker, or none. */
  readonly detectors: "all" | "marker" | "none";
  /** NLST answers full paths. */
  readonly nlstPaths: boolean;
}

const small = {
  reports: "delta",
  camera: "jpeg",
  jobUrl: "file:///sdcard/",
  nozzles: 1,
  chamberSensor: false,
  chamberMaxCelsius: null,
  airDuct: false,
  lights: ["chamber_light"],
  idleStage: 255,
  tellsFun: false,
  gcodeFile: "name",
  guardsRequests: true,
  detectors: "none",
  nlstPaths: false,
} as const;

export const profiles: Readonly<Record<string, Profile>> = {
  p1s: {
    ...small,
    code: "C12",
    name: "P1S",
    productName: "Bambu Lab P1S",
    serialPrefix: "01P",
    firmware: "01.08.02.00",
    fans: [1, 2, 3],
    stages: [2, 14, 1],
    units: [{ id: 0, kind: 1, extruder: 0 }],
    startCancels: false,
  },
  a1mini: {
    ...small,
    code: "N1",
    name: "A1 mini",
    productName: "Bambu Lab A1 mini",
    serialPrefix: "030",
    firmware: "01.05.00.00",
    fans: [1],
    stages: [13, 2, 14, 1, 8],
    units: [{ id: 0, kind: 2, extruder: 0 }],
    startCancels: true,
    detectors: "marker",
  },
  x1c: {
    ...small,
    code: "BL-P001",
    name: "X1C",
    productName: "Bambu Lab X1-Carbon",
    serialPrefix: "00M",
    firmware: "01.08.50.32",
    reports: "full",
    camera: "rtsps",
    chamberSensor: true,
    fans: [1, 2, 3],
    lights: ["chamber_light", "work_light"],
    idleStage: -1,
    tellsFun: true,
    gcodeFile: "ram",
    stages: [2, 14, 9, 1, 12, 8, 10],
    units: [{ id: 0, kind: 1, extruder: 0 }],
    guardsRequests: false,
    startCancels: false,
    detectors: "all",
    nlstPaths: true,
  },
  h2d: {
    ...small,
    code: "O1D",
    name: "H2D",
    productName: "Bambu Lab H2D",
    serialPrefix: "094",
    firmware: "01.02.00.00",
    reports: "both",
    camera: "rtsps",
    jobUrl: "ftp:///",
    nozzles: 2,
    chamberSensor: true,
    chamberMaxCelsius: 65,
    airDuct: true,
    fans: [1, 2, 3],
    lights: ["chamber_light", "chamber_light2", "heatbed_light", "work_light"],
    idleStage: -1,
    tellsFun: true,
    gcodeFile: "ram",
    stages: [13, 2, 14, 39, 1, 8],
    units: [
      { id: 0, kind: 3, extruder: 0 },
      { id: 128, kind: 4, extruder: 1 },
    ],
    guardsRequests: false,
    startCancels: false,
    detectors: "all",
    nlstPaths: true,
  },
};
