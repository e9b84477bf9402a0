// One run of MediaMTX: configuration written, process started, control API answering, paths in
// place. A run that does not get that far leaves nothing behind.

import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { liveConfig, serverConfig, type LiveSettings } from "./config.ts";
import { ControlApi } from "./control-api.ts";
import { MediamtxError } from "./errors.ts";
import type { GlobalConfig } from "./outputs.ts";
import { freePort, portInUse, requireFreePort } from "./ports.ts";
import { spawnServer, type ServerExit, type ServerProcess } from "./process.ts";
import { createServerLog } from "./server-log.ts";
import type { Login } from "./viewers.ts";

/** It is up in well under 0.1 s; a machine that is busy is given much more. */
const readyMs = 20_000;
/** How long its servers may take to listen anew, and how often that is looked at, ms. */
const restartMs = 3000;
const lookMs = 25;
const apiUser = "gantry";
const rtspPortUse = { name: "RTSP", variable: "GANTRY_RTSP_PORT" };

export interface RunOptions {
  /** The MediaMTX program. */
  readonly program: string;
  /** The base settings, mediamtx.yml. */
  readonly baseFile: string;
  /** Where the bridge writes; the configuration goes into a private folder below. */
  readonly dataDir: string;
  /** Address that RTSP is served on; undefined: all of them. */
  readonly rtspHost: string | undefined;
  readonly rtspPort: number;
  /** What MediaMTX and its hooks find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Read at every start and at every `apply`. */
  readonly live: () => LiveSettings;
  /** Puts the paths in place, before anybody is told that it is up. */
  readonly prepare: (api: ControlApi) => Promise<void>;
}

export interface Run {
  readonly process: ServerProcess;
  readonly api: ControlApi;
  /** Brings what may change in line with `live`; true when something had to. @throws MediamtxError */
  apply(): Promise<boolean>;
}

/**
 * @throws MediamtxError `port-in-use`; `refused` when it ends at once, in its own words;
 *   `unreachable` when it does not answer in time; the signal's reason when that aborts
 */
export async function launch(options: RunOptions, signal: AbortSignal): Promise<Run> {
  await requireFreePort(options.rtspHost, options.rtspPort, rtspPortUse);
  signal.throwIfAborted();
  const { file, api, config, login } = await configure(options, signal);
  const process = await spawnServer({
    file: options.program,
    configFile: file,
    environment: options.environment,
    clock: options.clock,
    onLine: createServerLog(options.log.with({ layer: "mediamtx" }), options.clock),
  });
  try {
    await answering(process, api, options, signal);
    await options.prepare(api);
    signal.throwIfAborted();
    return { process, api, apply: applier(options, api, config, login) };
  } catch (error) {
    process.kill();
    await process.exited;
    signal.throwIfAborted();
    throw error;
  }
}

interface Configured {
  readonly file: string;
  readonly api: ControlApi;
  readonly login: Login;
  /** What of it may change. */
  readonly config: GlobalConfig;
}

/** Fresh ports and a fresh password at every start: nobody else can have taken or kept them. */
async function configure(options: RunOptions, signal: AbortSignal): Promise<Configured> {
  const [apiPort, metricsPort] = await Promise.all([freePort("127.0.0.1"), freePort("127.0.0.1")]);
  const password = randomBytes(24).toString("hex");
  const login = { user: apiUser, password };
  const live = options.live();
  const addresses = {
    rtspAddress: `${options.rtspHost ?? ""}:${options.rtspPort}`,
    apiAddress: `127.0.0.1:${apiPort}`,
    metricsAddress: `127.0.0.1:${metricsPort}`,
  };
  const text = serverConfig(await readFile(options.baseFile, "utf8"), { ...addresses, api: login }, live);
  const folder = join(options.dataDir, "rtsp-bridge");
  const file = join(folder, "mediamtx.yml");
  await mkdir(options.dataDir, { recursive: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o600, flag: "wx" });
  const api = new ControlApi({ url: `http://127.0.0.1:${apiPort}`, ...login, signal });
  return { file, api, login, config: liveConfig(live, login) };
}

/** Asks for what differs only: a change of one output leaves the viewers of the others alone. */
function applier({ live, clock }: RunOptions, api: ControlApi, begun: GlobalConfig, login: Login): Run["apply"] {
  let applied = begun;
  return async () => {
    const next = liveConfig(live(), login);
    const changed = Object.entries(next).filter(([key, value]) => !isDeepStrictEqual(value, applied[key]));
    if (changed.length === 0) return false;
    await api.patchGlobal(Object.fromEntries(changed));
    await listensAgain(api, clock);
    applied = { ...applied, ...next };
    return true;
  };
}

/** Another output makes the control API listen anew, in a moment. Gives up quietly: the next request tells. */
async function listensAgain(api: ControlApi, clock: Clock): Promise<void> {
  for (let waitedMs = 0; waitedMs < restartMs; waitedMs += lookMs) {
    await clock.wait(lookMs);
    if (await api.version().then(...heard)) return;
  }
}

const heard = [() => true, () => false] as const;

async function answering(
  process: ServerProcess,
  api: ControlApi,
  { clock, rtspPort }: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  let exit: ServerExit | undefined;
  void process.exited.then((ended) => (exit = ended));
  const deadlineMs = clock.monotonic() + readyMs;
  while (clock.monotonic() < deadlineMs) {
    try {
      await api.version();
      return;
    } catch (error) {
      if (error instanceof MediamtxError && error.reason === "refused") throw error;
    }
    await Promise.race([clock.wait(25, signal), process.exited]);
    if (exit !== undefined) throw endedAtOnce(exit, rtspPort);
  }
  throw new MediamtxError("unreachable", `MediaMTX did not answer within ${readyMs / 1000} s of its start`);
}

function endedAtOnce({ how, lastError }: ServerExit, rtspPort: number): MediamtxError {
  if (lastError?.includes("address already in use") === true && lastError.includes(`:${rtspPort}`)) {
    return portInUse(rtspPort, rtspPortUse, undefined);
  }
  return new MediamtxError("refused", `MediaMTX does not start (${how}): ${lastError ?? "it gave no reason"}`);
}
