// What a user does with a printer behind OctoPrint, against the simulated one of both releases.

import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { octoprintFamily } from "./octoprint-family.ts";
import { serverFamilySuite, type PrintServer } from "./server-families.ts";

for (const release of ["1.11", "2.0"]) {
  serverFamilySuite({
    ...octoprintFamily,
    name: `a printer behind a simulated OctoPrint ${release}`,
    start: async () => start(release),
  });
}

async function start(release: string): Promise<PrintServer> {
  // As fast as the virtual printer of the real one.
  const about = { family: "octoprint", speed: 10, settings: { release } };
  let simulator: LaunchedSimulator = await startSimulator({ ...about, ports: { main: 0 } });
  const { host, ports, facts } = simulator;
  const url = `http://${host}:${ports["main"]}`;
  const fault = async (name: string): Promise<void> => {
    const init = { method: "POST", body: JSON.stringify({ name }) };
    const response = await fetch(`${simulator.admin}/fault`, init);
    if (!response.ok) throw new Error(await response.text());
  };
  return {
    connection: { url, api_key: facts["api_key"] },
    wrongConnection: { url, api_key: "A_WRONG_KEY" },
    stop: async () => simulator[Symbol.asyncDispose](),
    restart: async () => {
      simulator = await startSimulator({ ...about, ports });
    },
    loseMachine: async () => fault("machine-lost"),
    failMachine: async () => fault("machine-error"),
    repairMachine: async () => undefined, // connecting anew is all it takes
    [Symbol.asyncDispose]: async () => simulator[Symbol.asyncDispose](),
  };
}
