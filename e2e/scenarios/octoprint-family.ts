// What the suite for print servers must know of OctoPrint, simulated or real.

import type { ServerFamily } from "./server-families.ts";

/** Prints for some ten seconds on a virtual printer, which takes a tenth of the real time. */
function job(): string {
  const moves = Array.from({ length: 80 }, (_, line) => `G1 X${(line % 2) * 60} Z${line / 10} F3000`);
  return ["; a job of the end-to-end tests", "G28", "G90", ...moves, ""].join("\n");
}

export const octoprintFamily = {
  family: "octoprint",
  job: { file: "end to end.gcode", content: job() },
  lost: /not connected to the printer/u,
  failure: /thermal runaway/iu,
} as const satisfies Partial<ServerFamily>;
