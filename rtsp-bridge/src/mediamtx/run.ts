// One run of MediaMTX: configuration written, process started, control API answering, paths in
// place. A run that does not get that far leaves nothing behind.

import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import { serverConfig } from "./config.ts";
import { ControlApi } from "./control-api.ts";
import { MediamtxError } from "./errors.ts";
import { freePort, requireFreePort } from "./ports.ts";
import { spawnServer, type ServerExit, type ServerProcess } from "./process.ts";
import { createServerLog } from "./server-log.ts";

/** It is up in well under 0.1 s; a machine that is busy is given much more. */
const readyMs = 20_000;
const apiUser = "gantry";

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
  /** Puts the paths in place, before anybody is told that it is up. */
  readonly prepare: (api: ControlApi) => Promise<void>;
}

export interface Run {
  readonly process: ServerProcess;
  readonly api: ControlApi;
}

/**
 * @throws MediamtxError `port-in-use`; `refused` when it ends at once, in its own words;
 *   `unreachable` when it does not answer in time; the signal's reason when that aborts
 */
export async function launch(options: RunOptions, signal: AbortSignal): Promise<Run> {
  await requireFreePort(options.rtspHost, options.rtspPort);
  signal.throwIfAborted();
  const { file, api } = await configure(options, signal);
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
    return { process, api };
  } catch (error) {
    process.kill();
    await process.exited;
    signal.throwIfAborted();
    throw error;
  }
}

/** Fresh ports and a fresh password at every start: nobody else can have taken or kept them. */
async function configure(options: RunOptions, signal: AbortSignal): Promise<{ file: string; api: ControlApi }> {
  const [apiPort, metricsPort] = await Promise.all([freePort("127.0.0.1"), freePort("127.0.0.1")]);
  const password = randomBytes(24).toString("hex");
  const text = serverConfig(await readFile(options.baseFile, "utf8"), {
    rtspAddress: `${options.rtspHost ?? ""}:${options.rtspPort}`,
    apiAddress: `127.0.0.1:${apiPort}`,
    metricsAddress: `127.0.0.1:${metricsPort}`,
    apiUser,
    apiPassword: password,
  });
  const folder = join(options.dataDir, "rtsp-bridge");
  const file = join(folder, "mediamtx.yml");
  await mkdir(options.dataDir, { recursive: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o600, flag: "wx" });
  return { file, api: new ControlApi({ url: `http://127.0.0.1:${apiPort}`, user: apiUser, password, signal }) };
}

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
    return new MediamtxError("port-in-use", `RTSP port ${rtspPort}: another program has it`);
  }
  return new MediamtxError("refused", `MediaMTX does not start (${how}): ${lastError ?? "it gave no reason"}`);
}
