// The bridge's variables of the environment, with their usual values: those of docs/configuration.md.

import { readEnvironment, type Environment } from "@gantry/platform/environment";
import type { LogLevel } from "@gantry/platform/log";

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

/** @throws SettingsError naming each variable that cannot be used, and what is legal */
export function readSettings(env: Environment): Settings {
  return readEnvironment(env, ({ text, optionalText, port, httpUrl, logLevel }) => ({
    inventoryFile: text("GANTRY_INVENTORY", "config/printers.yaml"),
    demoInventoryFile: optionalText("GANTRY_DEMO_INVENTORY"),
    dataDir: text("GANTRY_DATA_DIR", "data"),
    gatewayUrl: httpUrl("GANTRY_GATEWAY_URL", "http://127.0.0.1:8787"),
    rtspPort: port("GANTRY_RTSP_PORT", 8554),
    rtspsPort: port("GANTRY_RTSPS_PORT", 8322),
    webrtcPort: port("GANTRY_WEBRTC_PORT", 8889),
    webrtcUdpPort: port("GANTRY_WEBRTC_UDP_PORT", 8189),
    hlsPort: port("GANTRY_HLS_PORT", 8888),
    httpHost: text("GANTRY_BRIDGE_HTTP_HOST", "0.0.0.0"),
    httpPort: port("GANTRY_BRIDGE_HTTP_PORT", 8788),
    logLevel: logLevel("GANTRY_LOG_LEVEL", "info"),
    mediamtx: optionalText("GANTRY_MEDIAMTX"),
    ffmpeg: optionalText("GANTRY_FFMPEG"),
    searchPath: text("PATH", "/usr/local/bin:/usr/bin:/bin"),
    timeZone: text("TZ", "UTC"),
    revision: text("GANTRY_REVISION", "unknown"),
  }));
}
