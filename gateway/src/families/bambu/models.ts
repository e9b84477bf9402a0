// The models of this family as data. Facts: the family's README.

export interface Model {
  /** Code in discovery and cloud: "C12". */
  readonly code: string;
  /** "P1S" */
  readonly name: string;
  /** Beginning of its serials. A hint only: some models share one. */
  readonly serialPrefixes: readonly string[];
  /** `product_name` of get_version. */
  readonly productNames: readonly string[];
  /** How it reports: only what changed, or (also) everything. */
  readonly reports: "delta" | "full" | "both";
  /** Pictures over TLS on port 6000, or H.264 by RTSPS on port 322. */
  readonly camera: "jpeg" | "rtsps";
  /** What stands before the path in `project_file`'s `url`. */
  readonly jobUrl: "file:///sdcard/" | "ftp:///";
  readonly nozzles: 1 | 2;
  readonly nozzleMaxCelsius: number;
  readonly bedMaxCelsius: number;
  /** null without a chamber heater. */
  readonly chamberMaxCelsius: number | null;
  readonly chamberSensor: boolean;
  readonly chamberFan: boolean;
  readonly auxFan: boolean;
  readonly secondAuxFan: boolean;
  readonly airDuct: boolean;
  /** `x1` by home_flag, `stat` by the field of that name, null without a sensor. */
  readonly doorSensor: "x1" | "stat" | null;
  readonly lights: readonly string[];
  /** Models that print each other's G-code; its own code only, for most. */
  readonly printsFor: readonly string[];
  /** First firmware that wants signed commands; `always`, or null where it is not known. */
  readonly signedSince: string | null;
  /** The least time between two full reports asked for, ms. */
  readonly pushAllMs: number;
}
