// The bridge's composition root: the only file that reads the environment, the arguments and
// the signals. Wiring only.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import {
  bridgeKey,
  chooseInventory,
  connectionSecret,
  createSecrets,
  InventoryError,
  noInventoryYet,
  openInventory,
  type InventoryFile,
  type Secrets,
} from "@gantry/config";
import { systemClock } from "@gantry/platform/clock";
import { SettingsError } from "@gantry/platform/environment";
import { listen } from "@gantry/platform/http-server";
import { aborted, runProcess } from "@gantry/platform/lifecycle";
import { createLog, type Log } from "@gantry/platform/log";
import { createApp } from "./http/app.ts";
import type { RemoteControl } from "./http/remote-control.ts";
import { MetricsOnDemand } from "./http/metrics-on-demand.ts";
import { libraryOf } from "./recordings/shelves.ts";
import { Keeping } from "./recordings/keeping.ts";
import { Probe } from "./ffmpeg/probe.ts";
import { MediamtxError } from "./mediamtx/errors.ts";
import { openMediamtx, type Mediamtx } from "./mediamtx/mediamtx.ts";
import type { OutputPorts } from "./mediamtx/outputs.ts";
import { freePort, freeUdpPort } from "./mediamtx/ports.ts";
import { findFfmpeg, findMediamtx, mediamtxVersion } from "./mediamtx/programs.ts";
import type { Service } from "./mediamtx/service.ts";
import { bridgeUser } from "./mediamtx/viewers.ts";
import { pathIds, planStreams } from "./plan.ts";
import { readSettings, type Settings } from "./settings.ts";
import type { ReadSecret } from "./sources/target.ts";
import { SlatePainter } from "./streams/slate-painter.ts";
import { createStreamSet } from "./streams/stream-set.ts";
import type { StreamSet } from "./streams/streams.ts";
import { Warming } from "./streams/warming.ts";

/** Everything has ended by then; below the ten seconds that container engines give. */
const stopMs = 4500;
const usage = "usage: main.ts    run the bridge; rtsp-bridge/README.md names the variables that it reads\n";

async function runBridge(settings: Settings, signal: AbortSignal): Promise<number> {
  const secrets = createSecrets();
  const log = createLog({ level: settings.logLevel, redact: (line) => secrets.redact(line) });
  const clock = systemClock;
  await using stack = new AsyncDisposableStack();
  const inventory = stack.use(await openInventory({ file: settings.inventoryFile, env: process.env, secrets }));
  const { program, ffmpeg } = await findPrograms(settings, log);
  const rtspPort = await portOrFree(settings.rtspPort);
  const rtsp = `rtsp://127.0.0.1:${rtspPort}`;
  const { dataDir, searchPath, timeZone } = settings;
  const readSecret = secretReader(settings, secrets);
  const key = (): string | undefined => keyOf(inventory);
  // New at every start, so that nobody can have kept it.
  const login = { user: bridgeUser, password: randomBytes(24).toString("hex") };
  secrets.add(login.password);
  const rtspUrl = rtsp.replace("//", `//${login.user}:${login.password}@`);
  const gatewayHeaders = (): Record<string, string> => authorization(key());
  const streams = stack.use(
    createStreamSet({ rtspUrl, ffmpegPath: ffmpeg, dataDir, readSecret, gatewayHeaders, clock, log }),
  );
  const baseFile = fileURLToPath(new URL("../../mediamtx.yml", import.meta.url));
  const ports = await outputPorts(settings);
  const mediamtx = stack.use(
    await openMediamtx({
      program,
      baseFile,
      dataDir,
      rtspPort,
      ports,
      login,
      service: serviceOf(inventory, settings),
      searchPath,
      timeZone,
      streams,
      clock,
      log,
      signal,
    }),
  );
  const isThere = (id: string): boolean => streams.list().some((stream) => stream.id === id);
  const warm = (): Warming => stack.use(new Warming({ rtspUrl: rtsp, login, isThere, clock, log }));
  const { gatewayUrl } = settings;
  const own = { dataDir, gatewayUrl, gatewayHeaders, ffmpegPath: ffmpeg, streams, mediamtx, clock, log };
  // It has a warming of its own: not the one that is started and stopped from outside.
  const keeping = stack.use(await Keeping.open({ ...own, inventory: () => inventory.current, keep: warm() }));
  const probe = new Probe({ ffmpegPath: ffmpeg, jpeg: drawOne, clock, log });
  stack.use(await followInventory({ inventory, streams, probe, mediamtx, keeping, settings, log, signal }));
  const metrics = stack.use(
    new MetricsOnDemand({
      version: version(),
      revision: settings.revision,
      streams: () => streams.list(),
      counters: (id) => streams.counters(id),
      mediamtx: () => mediamtx,
      inventory: () => inventory.status,
      kept: () => keeping.totals(),
    }),
  );
  const app = createApp({
    streams: () => streams.list(),
    frames: (id) => streams.frames(id),
    key,
    remote: remoteControl(inventory, warm(), mediamtx, streams),
    recording: (id) => keeping.status(id),
    library: libraryOf(keeping, { inventory: () => inventory.current, clock, log }),
    allowedHosts: () => inventory.current.gateway.allowedHosts,
    mediamtxUp: () => mediamtx.up,
    unready: () => unready(mediamtx, inventory),
    metrics: async () => (await metrics.get()).registry,
    log,
  });
  const http = stack.use(await listen(app, { host: settings.httpHost, port: settings.httpPort }));
  const more = addressesOf(inventory, ports);
  log.info("listening", { event: "listening", http: http.url, rtsp, ...more, streams: streams.list().length });
  await aborted(signal);
  log.info("stopping");
  return 0;
}

function remoteControl(
  inventory: InventoryFile,
  warming: Warming,
  mediamtx: Mediamtx,
  streams: StreamSet,
): RemoteControl {
  return {
    allowed: () => inventory.current.bridge.remoteControl,
    start: (id, seconds) => warming.start(id, seconds),
    stop: async (id) => {
      warming.stop(id);
      const dismissed = mediamtx.dismiss(id);
      streams.released(id);
      await dismissed;
    },
  };
}

/** What the bridge and the gateway show each other; undefined while the cameras are open to all. */
function keyOf({ current: { access } }: InventoryFile): string | undefined {
  return access === null ? undefined : bridgeKey(access);
}

function authorization(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { Authorization: `Bearer ${key}` };
}

function serviceOf({ current: { bridge, access } }: InventoryFile, { inventoryFile }: Settings): Service {
  return { bridge, access, folder: dirname(inventoryFile) };
}

async function outputPorts({ rtspsPort, webrtcPort, webrtcUdpPort, hlsPort }: Settings): Promise<OutputPorts> {
  return {
    rtsps: await portOrFree(rtspsPort),
    webrtc: await portOrFree(webrtcPort),
    webrtcUdp: webrtcUdpPort === 0 ? await freeUdpPort(undefined) : webrtcUdpPort,
    hls: await portOrFree(hlsPort),
  };
}

/** Of what is served besides RTSP, as reached from this machine. */
function addressesOf({ current: { bridge } }: InventoryFile, ports: OutputPorts): Record<string, string> {
  return {
    ...(bridge.rtsps === null ? {} : { rtsps: `rtsps://127.0.0.1:${ports.rtsps}` }),
    ...(bridge.webrtc ? { webrtc: `http://127.0.0.1:${ports.webrtc}` } : {}),
    ...(bridge.hls ? { hls: `http://127.0.0.1:${ports.hls}` } : {}),
  };
}

async function portOrFree(port: number): Promise<number> {
  return port === 0 ? freePort(undefined) : port;
}

/** Reads one secret of a printer that is asked for its video, and has the log mask it. */
function secretReader({ inventoryFile: file }: Settings, secrets: Secrets): ReadSecret {
  return async (connection, key) => {
    const secret = await connectionSecret(connection, key, { file, env: process.env });
    secrets.add(secret);
    return secret;
  };
}

/** A picture to try encoders with. */
async function drawOne(): Promise<Uint8Array> {
  await using painter = new SlatePainter();
  return await painter.draw({ width: 1280, height: 720 }, { title: "Gantry", message: "encoder", detail: null });
}

async function findPrograms(settings: Settings, log: Log): Promise<{ program: string; ffmpeg: string }> {
  const { searchPath } = settings;
  const cacheDir = fileURLToPath(new URL("../../.cache", import.meta.url));
  const [{ file, version }, ffmpeg] = await Promise.all([
    findMediamtx({ given: settings.mediamtx, searchPath, cacheDir }),
    findFfmpeg(settings.ffmpeg, searchPath),
  ]);
  if (version !== mediamtxVersion) {
    log.warn(`MediaMTX is ${version}, tested is ${mediamtxVersion}; "make tools" gets that one`, { file });
  }
  return { program: file, ffmpeg };
}

/** Puts the inventory in force into streams and paths, now and at each change, one after the other. */
async function followInventory(parts: {
  readonly inventory: InventoryFile;
  readonly streams: StreamSet;
  readonly probe: Probe;
  readonly mediamtx: Mediamtx;
  readonly keeping: Keeping;
  readonly settings: Settings;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<Disposable> {
  const { inventory, streams, probe, mediamtx, keeping, log, signal } = parts;
  const { gatewayUrl, inventoryFile: file } = parts.settings;
  const apply = async (): Promise<void> => {
    const { bridge } = inventory.current;
    await mediamtx.setService(serviceOf(inventory, parts.settings));
    const plans = planStreams(inventory.current, gatewayUrl);
    const coder = await probe.choose(bridge.encoder, bridge.encoderDevice);
    await streams.apply(plans, { maxStreams: bridge.maxStreams, coder });
    await mediamtx.setPaths(pathIds(plans), bridge.lingerMs);
    await keeping.apply();
    log.info("inventory in force", { file, streams: plans.length });
  };
  if (inventory.status.missing) log.warn(noInventoryYet(file));
  let applied = apply();
  const listening = inventory.on(({ taken, status }) => {
    for (const problem of status.problems) log.error(`inventory refused, the old one stays in force: ${problem}`);
    if (!taken) return;
    applied = applied.then(apply).catch((error: unknown) => {
      if (!signal.aborted) log.error("the new inventory is not in force", { error });
    });
  });
  await applied;
  return listening;
}

function unready(mediamtx: Mediamtx, { status }: InventoryFile): readonly string[] {
  return [
    ...(mediamtx.up ? [] : ["MediaMTX does not answer"]),
    ...mediamtx.problems,
    ...(status.valid ? [] : ["the inventory on disk is refused; an older one is in force", ...status.problems]),
  ];
}

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** What the person who started it can do about it. */
function startFault(error: unknown): string {
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof MediamtxError) {
    return message;
  }
  if (syscall === "listen") {
    return `${message}: set GANTRY_BRIDGE_HTTP_HOST and GANTRY_BRIDGE_HTTP_PORT to an address that is free`;
  }
  if (code === "EACCES" || code === "EROFS" || code === "ENOTDIR") {
    return `${message}: the bridge must be able to write below GANTRY_DATA_DIR`;
  }
  return error instanceof Error ? (error.stack ?? message) : String(error);
}

async function main(): Promise<number> {
  if (process.argv.length > 2) {
    process.stderr.write(usage);
    return 2;
  }
  const given = readSettings(process.env);
  const settings = { ...given, inventoryFile: chooseInventory(given.inventoryFile, given.demoInventoryFile) };
  return runProcess(async (signal) => runBridge(settings, signal), { deadlineMs: stopMs });
}

try {
  process.exitCode = await main();
} catch (error) {
  const expected = error instanceof InventoryError || error instanceof SettingsError;
  process.stderr.write(`${expected ? error.message : startFault(error)}\n`);
  process.exitCode = expected ? 2 : 1;
}
