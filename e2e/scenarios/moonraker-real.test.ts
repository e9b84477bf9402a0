// The same as moonraker-simulator.test.ts against a real Moonraker in front of a stand-in for Klipper.
// Needs Python and, the first time, the package registry; `make e2e-moonraker` runs it.

import { test } from "node:test";
import { installMoonraker } from "../rigs/moonraker-install.ts";
import { MoonrakerServer } from "../rigs/moonraker.ts";
import { serverFamilySuite, type PrintServer } from "./server-families.ts";

const version = "0.11.0";
const job = {
  file: "suite.gcode",
  content: "; estimated printing time (normal mode) = 10m 0s\nM140 S60\nM104 S210\nG28\n",
};

const { program, missing } = await installMoonraker(version);
const name = `a printer behind the real Moonraker ${version}`;
if (program === undefined) test(name, { skip: missing }, () => undefined);
else {
  serverFamilySuite({
    name,
    family: "moonraker",
    start: async () => start(program),
    job,
    lost: /Klipper is not connected/u,
    failure: /Lost communication with MCU/u,
  });
}

async function start(moonraker: string): Promise<PrintServer> {
  const server = await MoonrakerServer.start({ program: moonraker, speed: 60 });
  const { url, apiKey, klippy } = server;
  return {
    connection: { url, api_key: apiKey },
    wrongConnection: { url, api_key: "a-wrong-key" },
    stop: async () => server.stop(),
    restart: async () => server.run(),
    loseMachine: async () => klippy.disconnect(),
    failMachine: async () => klippy.shutdown("Lost communication with MCU 'mcu'"),
    repairMachine: async () => klippy.restart(),
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}
