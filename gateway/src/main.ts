// The gateway's composition root: the only file that reads the environment, the arguments and
// the signals. Wiring only.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  bridgeKey,
  chooseInventory,
  createSecrets,
  InventoryError,
  noInventoryYet,
  openInventory,
} from "@gantry/config";
import { systemClock } from "@gantry/platform/clock";
import { SettingsError } from "@gantry/platform/environment";
import { listen } from "@gantry/platform/http-server";
import { aborted, runProcess } from "@gantry/platform/lifecycle";
import { createLog, type Log } from "@gantry/platform/log";
import { emptySpool } from "@gantry/platform/spool";
import { runDiscover } from "./discover.ts";
import { families } from "./families/index.ts";
import { createFleet } from "./fleet/create-fleet.ts";
import { runLogin } from "./login.ts";
import { readSettings, type Settings } from "./settings.ts";
import { createHttpApp } from "./surfaces/http-app.ts";
import { runMcpStdio } from "./surfaces/mcp/stdio.ts";

const usage =
  "usage: main.ts            run the gateway\n       main.ts mcp [--url URL]  speak MCP on stdin and stdout for a running gateway\n       main.ts discover [NETWORK…]  look for printers; a network is written 192.168.1.0/24\n       main.ts login FAMILY --file FILE  log in to the cloud of FAMILY; the token goes into FILE\n";

/** Below the ten seconds that container engines give. */
const stopMs = 5000;

async function runGateway(settings: Settings, signal: AbortSignal): Promise<number> {
  const secrets = createSecrets();
  const log = createLog({ level: settings.logLevel, redact: (line) => secrets.redact(line) });
  const clock = systemClock;
  await using stack = new AsyncDisposableStack();
  const inventory = stack.use(
    await openInventory({
      file: settings.inventory,
      env: process.env,
      secrets,
      families: Object.fromEntries(Object.entries(families).map(([id, { connection }]) => [id, connection])),
    }),
  );
  tellInventory(log, settings, inventory.status.missing, inventory.current.printers.length);
  const dataFolder = join(settings.dataFolder, "printers");
  const key = (): string | undefined => {
    const { access: cameras } = inventory.current;
    return cameras === null ? undefined : bridgeKey(cameras);
  };
  const bridge = { url: settings.bridgeUrl, key };
  const fleet = stack.use(createFleet({ inventory, families, dataFolder, bridge, clock, log }));
  const allowedHosts = (): readonly string[] => inventory.current.gateway.allowedHosts;
  const access = {
    current: () => inventory.current.access,
    onChange: (listener: () => void) => inventory.on(listener),
  };
  const { rtspPort, revision, webrtcPort, hlsPort } = settings;
  const browserPorts = () => {
    const { webrtc, hls } = inventory.current.bridge;
    return { webrtc: webrtc ? webrtcPort : undefined, hls: hls ? hlsPort : undefined };
  };
  const about = { version: version(), rtspPort, ...(revision === undefined ? {} : { revision }) };
  const spoolFolder = join(settings.dataFolder, "spool");
  const app = createHttpApp(fleet, { clock, log, allowedHosts, access, bridge, browserPorts, spoolFolder, ...about });
  // Here for the case that there is no listening; below, so that surfaces end their streams before
  // the server waits for them.
  stack.use(app);
  const http = stack.use(await listen(app.handler, { host: settings.httpHost, port: settings.httpPort }));
  // Not before it listens: a gateway that finds its port taken must leave the other one's uploads.
  clearSpool(log, spoolFolder);
  stack.use(app);
  log.info("listening", { event: "listening", http: http.url, printers: inventory.current.printers.length });
  await aborted(signal);
  log.info("stopping");
  return 0;
}

function tellInventory(log: Log, { inventory: file }: Settings, missing: boolean, printers: number): void {
  if (missing) log.warn(noInventoryYet(file));
  else log.info("inventory read", { file, printers });
}

function clearSpool(log: Log, folder: string): void {
  try {
    emptySpool(folder);
  } catch (error) {
    log.warn("uploads cannot be kept below GANTRY_DATA_DIR", { folder, error });
  }
}

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

async function main(): Promise<number> {
  const [verb, ...rest] = process.argv.slice(2);
  const given = readSettings(process.env);
  const settings = { ...given, inventory: chooseInventory(given.inventory, given.demoInventory) };
  if (verb === undefined) {
    return runProcess(async (signal) => runGateway(settings, signal), { deadlineMs: stopMs });
  }
  if (verb === "discover") {
    const { stdout, stderr } = process;
    return runProcess(async (signal) => runDiscover({ families, args: rest, signal, stdout, stderr }), {
      deadlineMs: stopMs,
    });
  }
  if (verb === "login") {
    const { stdin, stdout, stderr } = process;
    const command = { families, args: rest, clock: systemClock, stdin, stdout, stderr };
    return runProcess(async (signal) => runLogin({ ...command, signal }), { deadlineMs: stopMs });
  }
  const [option, url = settings.gatewayUrl] = rest;
  if (verb !== "mcp" || (option !== undefined && option !== "--url") || rest.length > 2) {
    process.stderr.write(usage);
    return 2;
  }
  return runProcess(async (signal) => runMcpStdio({ url, signal }), { deadlineMs: stopMs });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof InventoryError || error instanceof SettingsError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  } else {
    process.stderr.write(`${startFault(error)}\n`);
    process.exitCode = 1;
  }
}

function startFault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `${message}: another program has this port; set GANTRY_HTTP_PORT to a free one`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
