// The demo's printers in one process: starts every simulator on free ports, then writes the
// inventory that names them, and takes it away again at the end. `make demo` and the compose
// profile "demo" both run this. One JSON line on stdout says that all listen.

import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { startSimulator } from "../simulators/launch.ts";
import { demoInventory, demoPrinters, manyPrinters } from "./printers.ts";

const { values } = parseArgs({
  options: {
    /** File to write. */
    inventory: { type: "string" },
    /** Address to listen on. */
    host: { type: "string", default: "127.0.0.1" },
    /** Name or address under which gateway and bridge reach the printers; default: that of --host. */
    reach: { type: "string" },
    /** So many printers in place of the demo's own; for measuring. */
    count: { type: "string" },
  },
});
const file = values.inventory;
if (file === undefined) {
  process.stderr.write("usage: main.ts --inventory FILE [--host 127.0.0.1] [--reach NAME] [--count N]\n");
  process.exit(2);
}

await using stack = new AsyncDisposableStack();
const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(name, () => stop());
const printers = values.count === undefined ? demoPrinters : manyPrinters(Number(values.count));
const started = await Promise.all(
  printers.map(async (printer) => {
    const { family, scenario, settings = {} } = printer;
    const options = { family, scenario, settings, host: values.host, ports: { main: 0 }, speed: 1 };
    const simulator = await startSimulator(options);
    stack.use(simulator);
    return [printer, simulator] as const;
  }),
);
await mkdir(dirname(file), { recursive: true });
await writeFile(`${file}.new`, demoInventory(values.reach ?? values.host, started));
await rename(`${file}.new`, file);
stack.defer(() => rm(file, { force: true }));
process.stdout.write(`${JSON.stringify({ event: "listening", inventory: file, printers: printers.length })}\n`);
await stopped;
