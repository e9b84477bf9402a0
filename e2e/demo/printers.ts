// The printers of the demo, and the inventory that names them. A family joins the demo by a line
// in `demoPrinters`.

import { cameraUrls, connections } from "../contract/connections.ts";
import type { LaunchedSimulator } from "../simulators/launch.ts";
import { simulators } from "../simulators/register.ts";

export interface DemoPrinter {
  readonly id: string;
  readonly name: string;
  /** Family and simulator share this name. */
  readonly family: string;
  readonly scenario: string;
  readonly control: boolean;
  /** Options of the simulator, such as its model. */
  readonly settings?: Readonly<Record<string, string>>;
}

export const demoPrinters: readonly DemoPrinter[] = [
  { id: "cc1", name: "Centauri Carbon at work", family: "elegoo-cc1", scenario: "printing", control: false },
  { id: "cc1-idle", name: "Centauri Carbon at rest", family: "elegoo-cc1", scenario: "idle", control: true },
  { id: "cc2", name: "Centauri Carbon 2", family: "elegoo-cc2", scenario: "printing", control: true },
  { id: "p1s", name: "Bambu Lab P1S", family: "bambu", scenario: "printing", control: true },
  {
    id: "h2d",
    name: "Bambu Lab H2D",
    family: "bambu",
    scenario: "idle",
    control: true,
    settings: { model: "h2d" },
  },
  { id: "klipper", name: "Klipper printer", family: "moonraker", scenario: "printing", control: true },
  { id: "octo", name: "OctoPrint's printer", family: "octoprint", scenario: "idle", control: true },
];

/** So many printers at work, of every family that the gateway knows in turn; for measuring. */
export function manyPrinters(count: number): readonly DemoPrinter[] {
  const families = Object.entries(simulators)
    .filter(([family, { scenarios }]) => family in connections && scenarios.includes("printing"))
    .filter(([family]) => !(family in cameraUrls))
    .map(([family]) => family);
  return Array.from({ length: count }, (_, index) => {
    const family = families[index % families.length] ?? "";
    return { id: `p${index}`, name: `${family} ${index}`, family, scenario: "printing", control: false };
  });
}

/** YAML of the demo inventory; `host` is the name or address under which the simulators are reached. */
export function demoInventory(host: string, started: readonly (readonly [DemoPrinter, LaunchedSimulator])[]): string {
  const printers = started.map(([{ id, name, family, control }, simulator]) => {
    const connection = connections[family]?.({ ...simulator, host });
    if (connection === undefined) throw new Error(`e2e/contract/connections.ts has no ${family}`);
    // JSON is YAML too: nothing in it needs quoting rules.
    return `  - ${JSON.stringify({ id, name, family, control, connection })}\n`;
  });
  return `# Simulated printers. Written anew at each start of the demo.\nprinters:\n${printers.join("")}`;
}
