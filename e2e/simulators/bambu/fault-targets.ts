// What the faults of the simulated Bambu Lab printer turn and call.

import type { Broker } from "./broker.ts";
import type { Printer } from "./printer.ts";
import type { Reporter } from "./reporter.ts";
import type { Services } from "./services.ts";

export interface FaultTargets {
  readonly printer: Printer;
  readonly broker: Broker;
  readonly reporter: Reporter;
  readonly services: Services;
  readonly powerCut: () => Promise<void>;
  readonly powerReturns: () => Promise<void>;
}
