// The same as octoprint.test.ts against real OctoPrint servers with their virtual printer. Needs Python
// and, the first time, the package registry; `make e2e-octoprint` runs it.

import { describe, test } from "node:test";
import { installOctoPrint, type Installation } from "../rigs/octoprint-install.ts";
import { OctoPrintServer } from "../rigs/octoprint.ts";
import { octoprintFamily } from "./octoprint-family.ts";
import { serverFamilySuite, type PrintServer } from "./server-families.ts";

const servers = new Map<string, Installation>();
for (const version of ["1.11.8", "2.0.0rc3"]) servers.set(version, await installOctoPrint(version));

void describe("the real OctoPrint", { concurrency: true, timeout: 900_000 }, () => {
  for (const [version, { program, missing }] of servers) {
    const name = `a printer behind the real OctoPrint ${version}`;
    if (program === undefined) void test(name, { skip: missing }, () => undefined);
    else serverFamilySuite({ ...octoprintFamily, name, start: async () => start(program) });
  }
});

async function start(program: string): Promise<PrintServer> {
  const server = await OctoPrintServer.start(program);
  const { url, apiKey } = server;
  return {
    connection: { url, api_key: apiKey },
    wrongConnection: { url, api_key: "A_WRONG_KEY" },
    stop: async () => server.stop(),
    restart: async () => server.run(),
    loseMachine: async () => server.post("/api/connection", { command: "disconnect" }),
    failMachine: async () => server.post("/api/printer/command", { command: "!!DEBUG:trigger_fatal_error_marlin" }),
    repairMachine: async () => undefined, // connecting anew is all it takes
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}
