// What the environment says, checked: every fault at once. main.ts alone hands the environment in.

import { logLevels, type LogLevel } from "@gantry/platform/log";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly inventoryFile: string;
  /** Read while there is no file of that name; compose.yaml's demo sets it. */
  readonly demoInventoryFile: string | undefined;
  readonly dataDir: string;
  readonly gatewayUrl: string;
  /** 0 takes any free one; so it is with every port. */
  readonly rtspPort: number;
  /** RTSP over TLS, WebRTC and its pictures over UDP, HLS: each only where the inventory asks for it. */
  readonly rtspsPort: number;
  readonly webrtcPort: number;
  readonly webrtcUdpPort: number;
  readonly hlsPort: number;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly logLevel: LogLevel;
  /** Programs to use instead of those that are found; undefined: look for them. */
  readonly mediamtx: string | undefined;
  readonly ffmpeg: string | undefined;
  /** Where programs are looked for, as in PATH. */
  readonly searchPath: string;
  /** Time zone, handed on to MediaMTX. */
  readonly timeZone: string;
  /** Commit that an image was built from. */
  readonly revision: string;
}

/** All faults of the environment, one line each. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.faults = faults;
  }
}

/**
 * An empty variable counts as not set.
 * @throws SettingsError naming each variable that cannot be used, and what is legal
 */
export function readSettings(env: Environment): Settings {
  const faults: string[] = [];
  const text = (name: string, fallback: string): string => env[name] || fallback;
  const check = <T>(name: string, fallback: string, parse: (value: string) => T | undefined, legal: string): T => {
    const value = text(name, fallback);
    const parsed = parse(value);
    if (parsed === undefined) faults.push(`${name}: "${value}" is not ${legal}`);
    return parsed as T;
  };
  const port = (name: string, fallback: number): number =>
    check(name, String(fallback), parsePort, "a port (0…65535; 0 takes any free one)");
  const settings: Settings = {
    inventoryFile: text("GANTRY_INVENTORY", "config/printers.yaml"),
    demoInventoryFile: env["GANTRY_DEMO_INVENTORY"] || undefined,
    dataDir: text("GANTRY_DATA_DIR", "data"),
    gatewayUrl: check("GANTRY_GATEWAY_URL", "http://127.0.0.1:8787", parseUrl, "an http:// or https:// address"),
    rtspPort: port("GANTRY_RTSP_PORT", 8554),
    rtspsPort: port("GANTRY_RTSPS_PORT", 8322),
    webrtcPort: port("GANTRY_WEBRTC_PORT", 8889),
    webrtcUdpPort: port("GANTRY_WEBRTC_UDP_PORT", 8189),
    hlsPort: port("GANTRY_HLS_PORT", 8888),
    httpHost: text("GANTRY_BRIDGE_HTTP_HOST", "0.0.0.0"),
    httpPort: port("GANTRY_BRIDGE_HTTP_PORT", 8788),
    logLevel: check("GANTRY_LOG_LEVEL", "info", parseLevel, `one of ${logLevels.join(", ")}`),
    mediamtx: env["GANTRY_MEDIAMTX"] || undefined,
    ffmpeg: env["GANTRY_FFMPEG"] || undefined,
    searchPath: text("PATH", "/usr/local/bin:/usr/bin:/bin"),
    timeZone: text("TZ", "UTC"),
    revision: text("GANTRY_REVISION", "unknown"),
  };
  if (faults.length > 0) throw new SettingsError(faults);
  return settings;
}

function parsePort(value: string): number | undefined {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? Number(value) : undefined;
}

function parseUrl(value: string): string | undefined {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "" ? url.href : undefined;
}

function parseLevel(value: string): LogLevel | undefined {
  return logLevels.find((level) => level === value);
}
