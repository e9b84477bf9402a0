// What a user does with a printer behind OctoPrint, against the simulated one of both releases.

import { describe } from "node:test";
import { startSimulator, type LaunchedSimulator } from "../simulators/launch.ts";
import { fault } from "./harness/fault.ts";
import { octoprintFamily } from "./octoprint-family.ts";
import { serverFamilySuite, type PrintServer } from "./server-families.ts";

void describe("OctoPrint, simulated", { concurrency: true, timeout: 280_000 }, () => {
  for (const release of ["1.11", "2.0"]) {
    serverFamilySuite({
      ...octoprintFamily,
      name: `a printer behind a simulated OctoPrint ${release}`,
      start: async () => start(release),
    });
  }
});

async function start(release: string): Promise<PrintServer> {
  // As fast as the virtual printer of the real one.
  const about = { family: "octoprint", speed: 10, settings: { release } };
  let simulator: LaunchedSimulator = await startSimulator({ ...about, ports: { main: 0 } });
  const { host, ports, facts } = simulator;
  const url = `http://${host}:${ports["main"]}`;
  return {
    connection: { url, api_key: facts["api_key"] },
    wrongConnection: { url, api_key: "A_WRONG_KEY" },
    stop: async () => simulator[Symbol.asyncDispose](),
    restart: async () => {
      simulator = await startSimulator({ ...about, ports });
    },
    loseMachine: async () => fault(simulator, "machine-lost"),
    failMachine: async () => fault(simulator, "machine-error"),
    repairMachine: async () => undefined, // connecting anew is all it takes
    [Symbol.asyncDispose]: async () => simulator[Symbol.asyncDispose](),
  };
}
