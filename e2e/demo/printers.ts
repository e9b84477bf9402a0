// The printers of the demo, and the inventory that names them. A family joins the demo by a line
// in `demoPrinters` and, when its simulator is new here, one in `connections`.

export interface DemoPrinter {
  readonly id: string;
  readonly name: string;
  /** Family and simulator share this name. */
  readonly family: string;
  readonly scenario: string;
  readonly control: boolean;
}

export const demoPrinters: readonly DemoPrinter[] = [
  { id: "cc1", name: "Centauri Carbon at work", family: "elegoo-cc1", scenario: "printing", control: false },
  { id: "cc1-idle", name: "Centauri Carbon at rest", family: "elegoo-cc1", scenario: "idle", control: true },
];

/** What a started simulator says of itself. */
export interface SimulatorFacts {
  readonly ports: Readonly<Record<string, number>>;
}

/** The `connection` block by family: simulator's ports in, inventory keys out. */
const connections: Readonly<Record<string, (host: string, ports: SimulatorFacts["ports"]) => object>> = {
  "elegoo-cc1": (host, ports) => ({ host, port: ports["main"], camera_port: ports["camera"] }),
};

/** YAML of the demo inventory; `host` is the name or address under which the simulators are reached. */
export function demoInventory(host: string, started: readonly (readonly [DemoPrinter, SimulatorFacts])[]): string {
  const printers = started.map(([{ id, name, family, control }, { ports }]) => {
    const connection = connections[family];
    if (connection === undefined) throw new Error(`e2e/demo/printers.ts has no connection for ${family}`);
    // JSON is YAML too: nothing in it needs quoting rules.
    return `  - ${JSON.stringify({ id, name, family, control, connection: connection(host, ports) })}\n`;
  });
  return `# Simulated printers. Written anew at each start of the demo.\nprinters:\n${printers.join("")}`;
}
