// What a sliced project (3MF) tells of itself. The reader is ./project-reader.ts.

import type { Plate } from "../../../model/file-commands.ts";

export interface ProjectPlate extends Plate {
  /** Path of its G-code inside the archive: `Metadata/plate_1.gcode`. */
  readonly gcode: string;
  /** MD5 of that G-code as the archive says it, lower-case hex; null where it does not. */
  readonly md5: string | null;
  /** Code of the model it was sliced for, as the slicer writes it; null where it does not. */
  readonly modelCode: string | null;
}

export interface Project {
  /** The plates that are sliced, in order; empty for a project that is not. */
  readonly plates: readonly ProjectPlate[];
  /** How many filaments the whole project has; `ams_mapping` has one element for each. */
  readonly filamentCount: number;
}
