// The door of this room: MediaMTX kept alive, its paths kept in place, and what it reports handed
// on to the streams. What a stream does about it is not decided here.

import type { Clock } from "@gantry/platform/clock";
import type { Log } from "@gantry/platform/log";
import type { StreamSet } from "../streams/streams.ts";
import type { PathRecording } from "./config.ts";
import { Demand } from "./demand.ts";
import { MediamtxError } from "./errors.ts";
import { hookPrograms, startHookServer } from "./hooks.ts";
import type { OutputPorts } from "./outputs.ts";
import { PathPlan } from "./path-plan.ts";
import { PathWriter } from "./paths.ts";
import { findProgram } from "./programs.ts";
import { startMediamtx, type Supervisor } from "./supervisor.ts";
import { ServiceKeeper, type Service } from "./service.ts";
import type { Login } from "./viewers.ts";

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
  /** Ports of what may be served besides. */
  readonly ports: OutputPorts;
  /** The bridge's own user, who alone publishes. */
  readonly login: Login;
  /** What is served from the start on. */
  readonly service: Service;
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
  /** How these paths are recorded from now on; all others are not. Disturbs no viewer. */
  setRecordings(recordings: ReadonlyMap<string, PathRecording>): Promise<void>;
  /** What is served from now on, and whom; who may no longer watch is sent away. Needs no restart. */
  setService(service: Service): Promise<void>;
  /** Why something that was asked for is not served, in words. */
  readonly problems: readonly string[];
  /** Sends every viewer of a path away. The next one is served again. */
  dismiss(id: string): Promise<void>;
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
  const service = new ServiceKeeper(options);
  await service.plan(options.service);
  const plan = new PathPlan(paths);
  let server: Supervisor | undefined;
  const demand = new Demand({
    streams,
    clock,
    log,
    lingerMs: () => plan.lingerMs,
    dismiss: async (id) => paths.renew(id),
    onHang: () => server?.restart("it no longer tells who watches"),
  });
  const hooks = opening.use(
    await startHookServer((hook) => {
      if (hook.name === "read") void service.tellUses();
      demand.hook(hook).catch((error: unknown) => log.error("a report of MediaMTX was lost", { error }));
    }),
  );
  opening.use(streams.onRefused((id) => void demand.refused(id)));
  const started = await startMediamtx({
    ...options,
    rtspHost: options.rtspHost,
    live: () => service.live,
    environment: { ...hooks.environment, PATH: options.searchPath, TZ: options.timeZone, ...sparing },
    prepare: async (api) => paths.attach(api),
    onUp: (api) => {
      demand.attach(api);
      service.attach(api, async () => (await server?.apply()) ?? false);
      streams.serverAvailable(true);
    },
    onDown: () => {
      paths.detach();
      demand.detach();
      service.detach();
      streams.serverAvailable(false);
    },
  });
  server = opening.use(started);
  const stop = new AbortController();
  const compared = compare({ paths, demand, service, clock, log }, stop.signal);
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
    setPaths: async (ids, lingerMs) => plan.setPaths(ids, lingerMs),
    setRecordings: async (recordings) => plan.setRecordings(recordings),
    setService: async (next) => {
      await service.plan(next);
      await service.enforce();
    },
    get problems() {
      return service.problems;
    },
    dismiss: async (id) => paths.renew(id),
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

interface Compared extends Pick<MediamtxOptions, "clock" | "log"> {
  readonly paths: PathWriter;
  readonly demand: Demand;
  readonly service: ServiceKeeper;
}

/** Until the signal aborts; never rejects. */
async function compare(parts: Compared, signal: AbortSignal): Promise<void> {
  const { paths, demand, service, clock, log } = parts;
  while (!signal.aborted) {
    // Its only rejection is the abort.
    await clock.wait(compareEveryMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await service.enforce();
      await paths.write();
    } catch (error) {
      if (!signal.aborted) log.error("the settings of MediaMTX cannot be set", { error });
    }
    await demand.count();
  }
}
