// For tests: what a state is read from, with the rest as it is at first.

import { noJob, type JobMemory } from "./memory.ts";
import { modelByCode, unknownModel } from "./models.ts";
import type { Report } from "./printer-link.ts";
import type { View } from "./state/view.ts";

export interface Given {
  readonly report: Report;
  /** Of the model; default a P1S. */
  readonly code?: string;
  readonly firmware?: string;
  readonly job?: Partial<JobMemory>;
}

export function viewOf({ report, code = "C12", firmware = "01.08.00.00", job = {} }: Given): View {
  const model = modelByCode(code) ?? unknownModel;
  const whole = { ...noJob, ...job };
  return { report, model, firmware, modules: [], job: whole, access: "unknown", nowMs: Date.UTC(2026, 0, 1) };
}
