// Makes a simulator misbehave, as its admin interface does.

import type { LaunchedSimulator } from "../../simulators/launch.ts";

/** Brings a fault about; with `clear: true` in `more` it is over. The simulators' README names them all. */
export async function fault(
  { admin }: LaunchedSimulator,
  name: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const body = JSON.stringify({ name, ...more });
  const response = await fetch(`${admin}/fault`, { method: "POST", body });
  if (!response.ok) throw new Error(`the simulator refused the fault ${name}: ${await response.text()}`);
}
