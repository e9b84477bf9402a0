// Pure: what MediaMTX is told. One file at every start (globals and path defaults), and the
// settings of one camera's path, which go through the control API (./paths.ts says why).
// Keys and rules: MediaMTX v1.20.1, mediamtx.yml and internal/conf.

import { parse } from "yaml";
import { MediamtxError } from "./errors.ts";
import { hookCommand } from "./hooks.ts";
import type { GlobalConfig } from "./outputs.ts";
import { loopback, type Login, type UserConfig } from "./viewers.ts";

/** How long a viewer is kept waiting for the first picture. Home Assistant and go2rtc give up after 5 s. */
export const startTimeoutMs = 4000;

/**
 * A viewer asks first and attaches a moment later, over a slow network a second later. With less
 * linger than that MediaMTX stops the stream in between; v1.20.1 has hung then, too.
 */
const minimumLingerMs = 3000;

/** How long MediaMTX waits after the last viewer, ms, for the linger that was asked for. */
export function effectiveLingerMs(lingerMs: number): number {
  return Math.max(lingerMs, minimumLingerMs);
}

export interface ServerSettings {
  /** `:8554`, or `127.0.0.1:8554`. */
  readonly rtspAddress: string;
  readonly apiAddress: string;
  readonly metricsAddress: string;
  /** The only credentials that open the control API. Letters and digits. */
  readonly api: Login;
}

/** What may change while MediaMTX runs: what it serves, and whom. */
export interface LiveSettings {
  readonly outputs: GlobalConfig;
  readonly users: readonly UserConfig[];
}

/** The same as keys of MediaMTX, which must go on knowing the control API's own user. */
export function liveConfig({ outputs, users }: LiveSettings, { user, password }: Login): GlobalConfig {
  const own = { user, pass: password, ips: loopback, permissions: [{ action: "api" }, { action: "metrics" }] };
  return { ...outputs, authInternalUsers: [own, ...users] };
}

/**
 * The whole configuration file: the base settings with the bridge's own on top. JSON is YAML, and
 * leaves nothing to be guessed from an unquoted word.
 * @throws MediamtxError `refused` when the base is not a mapping
 */
export function serverConfig(baseYaml: string, settings: ServerSettings, live: LiveSettings): string {
  const base = parseBase(baseYaml);
  const config = {
    ...base,
    logDestinations: ["stdout"],
    logStructured: true,
    rtsp: true,
    rtspAddress: settings.rtspAddress,
    // A path's hooks are commands, so whoever may use this API may run programs: a password, and
    // no web page of any origin.
    api: true,
    apiAddress: settings.apiAddress,
    apiAllowOrigins: [],
    metrics: true,
    metricsAddress: settings.metricsAddress,
    metricsAllowOrigins: [],
    ...liveConfig(live, settings.api),
  };
  return `# Written by the Gantry bridge at every start of MediaMTX; changes here are lost.\n${JSON.stringify(config, null, 2)}\n`;
}

/** Settings of one path, as the control API takes them. */
export type PathConfig = Readonly<Record<string, string | boolean>>;

/** How a path is recorded; `recordPath` as MediaMTX takes it. */
export interface PathRecording {
  readonly isOn: boolean;
  readonly recordPath: string;
  readonly segmentMs: number;
  readonly maxAgeMs: number;
}

interface PathOptions {
  readonly lingerMs: number;
  /** Left out where nothing is ever recorded. */
  readonly recording?: PathRecording | undefined;
}

/**
 * A path that is published by the bridge while somebody watches. The linger belongs here and not
 * into the bridge: once MediaMTX has said that nobody watches, a viewer that joins a publisher
 * which is still there causes no further signal.
 */
export function pathConfig(options: PathOptions): PathConfig {
  const { recording } = options;
  return {
    source: "publisher",
    runOnDemand: hookCommand("demand"),
    runOnUnDemand: hookCommand("undemand"),
    runOnDemandStartTimeout: duration(startTimeoutMs),
    runOnDemandCloseAfter: duration(effectiveLingerMs(options.lingerMs)),
    runOnRead: hookCommand("read"),
    runOnUnread: hookCommand("unread"),
    // Changed on a path that is in use, these keys disturb nobody.
    ...(recording === undefined ? {} : recordingConfig(recording)),
  };
}

function recordingConfig({ isOn, recordPath, segmentMs, maxAgeMs }: PathRecording): PathConfig {
  return {
    record: isOn,
    recordPath,
    recordFormat: "fmp4",
    recordSegmentDuration: duration(segmentMs),
    recordDeleteAfter: duration(maxAgeMs),
  };
}

function parseBase(yaml: string): Record<string, unknown> {
  let base: unknown;
  try {
    base = parse(yaml);
  } catch (error) {
    throw new MediamtxError("refused", `mediamtx.yml is not YAML: ${String(error)}`, { cause: error });
  }
  if (typeof base !== "object" || base === null || Array.isArray(base)) {
    throw new MediamtxError("refused", "mediamtx.yml holds no settings");
  }
  return { ...base };
}

function duration(ms: number): string {
  return `${Math.round(ms)}ms`;
}
