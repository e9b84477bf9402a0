// The door of this room: MediaMTX kept alive, its paths kept in place, and what it reports handed
// on to the streams. What a stream does about it is not decided here.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { StreamSet } from "../streams/streams.ts";
import { effectiveLingerMs, pathConfig } from "./config.ts";
import { Demand } from "./demand.ts";
import { MediamtxError } from "./errors.ts";
import { hookPrograms, startHookServer } from "./hooks.ts";
import { PathWriter } from "./paths.ts";
import { findProgram } from "./programs.ts";
import { startMediamtx, type Supervisor } from "./supervisor.ts";

/** It makes little garbage: collected at a quarter of what Go waits for, it needs some MB less and no more CPU. */
const sparing = { GOGC: "25" };

/** How often what MediaMTX has is compared with what it should have, ms. */
const compareEveryMs = 5000;

export interface MediamtxOptions {
  /** The MediaMTX program. */
  readonly program: string;
  /** The base settings, mediamtx.yml. */
  readonly baseFile: string;
  /** Its configuration is written into a private folder below. */
  readonly dataDir: string;
  /** Address that RTSP is served on; undefined: all of them. */
  readonly rtspHost?: string;
  readonly rtspPort: number;
  /** As in PATH: where MediaMTX finds what its hooks run. */
  readonly searchPath: string;
  readonly timeZone: string;
  readonly streams: StreamSet;
  readonly clock: Clock;
  readonly log: Log;
  /** Gives up the start. What runs is ended by dispose. */
  readonly signal: AbortSignal;
}

export interface Mediamtx extends AsyncDisposable {
  /** Whether it answers. */
  readonly up: boolean;
  /** Times it was started again. */
  readonly restarts: number;
  /** The streams that have a path from now on; an unknown path is refused. Unchanged ones are not touched. */
  setPaths(ids: readonly string[], lingerMs: number): Promise<void>;
}

/**
 * Ready when this resolves. Dispose ends the encoders and then MediaMTX, for certain.
 * @throws MediamtxError `missing`, `port-in-use`, `refused`, `unreachable`; the signal's reason
 */
export async function openMediamtx(options: MediamtxOptions): Promise<Mediamtx> {
  await requireHookPrograms(options.searchPath);
  const { streams, clock, log } = options;
  await using opening = new AsyncDisposableStack();
  const paths = new PathWriter();
  let lingerMs = 0;
  let server: Supervisor | undefined;
  const demand = new Demand({
    streams,
    clock,
    log,
    lingerMs: () => lingerMs,
    onHang: () => server?.restart("it no longer tells who watches"),
  });
  const hooks = opening.use(
    await startHookServer((hook) => {
      demand.hook(hook).catch((error: unknown) => log.error("a report of MediaMTX was lost", { error }));
    }),
  );
  const started = await startMediamtx({
    ...options,
    rtspHost: options.rtspHost,
    environment: { ...hooks.environment, PATH: options.searchPath, TZ: options.timeZone, ...sparing },
    prepare: async (api) => paths.attach(api),
    onUp: (api) => {
      demand.attach(api);
      streams.serverAvailable(true);
    },
    onDown: () => {
      paths.detach();
      demand.detach();
      streams.serverAvailable(false);
    },
  });
  server = opening.use(started);
  const stop = new AbortController();
  const compared = compare(paths, demand, clock, log, stop.signal);
  // First thing at the end: the encoders stop, and MediaMTX is asked nothing more. What it was
  // asked already ends with it: a MediaMTX that hangs must not hold up the stop.
  opening.defer(() => {
    stop.abort();
    demand.detach();
    streams.serverAvailable(false);
  });
  const opened = opening.move();
  return {
    get up() {
      return started.up;
    },
    get restarts() {
      return started.restarts;
    },
    setPaths: async (ids, nextLingerMs) => {
      lingerMs = effectiveLingerMs(nextLingerMs);
      await paths.set(new Map(ids.map((id) => [id, pathConfig({ lingerMs })])));
    },
    [Symbol.asyncDispose]: async () => {
      await opened.disposeAsync();
      await compared;
    },
  };
}

async function requireHookPrograms(searchPath: string): Promise<void> {
  for (const name of hookPrograms) {
    if ((await findProgram(name, searchPath)) !== undefined) continue;
    throw new MediamtxError("missing", `${name} is not on PATH: MediaMTX's hooks need it; install it`);
  }
}

/** Until the signal aborts; never rejects. */
async function compare(paths: PathWriter, demand: Demand, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // Its only rejection is the abort.
    await clock.wait(compareEveryMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await paths.write();
    } catch (error) {
      if (!signal.aborted) log.error("the paths of MediaMTX cannot be set", { error });
    }
    await demand.count();
  }
}
