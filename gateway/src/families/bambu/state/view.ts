// Everything that a state is read from. The readers are the files beside this one.

import type { CommandAccess } from "../../../model/printer.ts";
import type { JobMemory } from "../memory.ts";
import type { Model } from "../models.ts";
import type { Report } from "../printer-link.ts";
import type { ModuleInfo } from "../versions.ts";

export interface View {
  readonly report: Report;
  readonly model: Model;
  readonly firmware: string | null;
  readonly modules: readonly ModuleInfo[];
  readonly job: JobMemory;
  readonly access: CommandAccess;
  /** Unix ms. */
  readonly nowMs: number;
}
