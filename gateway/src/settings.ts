// The gateway's variables of the environment, with their usual values: those of docs/configuration.md.

import { readEnvironment, type Environment } from "@gantry/platform/environment";
import type { LogLevel } from "@gantry/platform/log";

export interface Settings {
  readonly inventory: string;
  /** Read while there is no file of that name; compose.yaml's demo sets it. */
  readonly demoInventory: string | undefined;
  /** Where everything is written. */
  readonly dataFolder: string;
  readonly httpHost: string;
  readonly httpPort: number;
  /** Port of the bridge's RTSP server, for the addresses that are shown. */
  readonly rtspPort: number;
  /** Ports of the bridge's video for browsers, for the links that are shown. */
  readonly webrtcPort: number;
  readonly hlsPort: number;
  /** Where the bridge is found, which reads the cameras that send H.264. */
  readonly bridgeUrl: string;
  /** Where `main.ts mcp` finds the running gateway. */
  readonly gatewayUrl: string;
  /** Commit the product was built from, where the image says so. */
  readonly revision: string | undefined;
  readonly logLevel: LogLevel;
}

/** @throws SettingsError naming each variable that cannot be used, and what is legal */
export function readSettings(env: Environment): Settings {
  return readEnvironment(env, ({ text, optionalText, port, httpUrl, logLevel }) => ({
    inventory: text("GANTRY_INVENTORY", "config/printers.yaml"),
    demoInventory: optionalText("GANTRY_DEMO_INVENTORY"),
    dataFolder: text("GANTRY_DATA_DIR", "data"),
    httpHost: text("GANTRY_HTTP_HOST", "0.0.0.0"),
    httpPort: port("GANTRY_HTTP_PORT", 8787),
    rtspPort: port("GANTRY_RTSP_PORT", 8554),
    webrtcPort: port("GANTRY_WEBRTC_PORT", 8889),
    hlsPort: port("GANTRY_HLS_PORT", 8888),
    bridgeUrl: httpUrl("GANTRY_BRIDGE_URL", "http://127.0.0.1:8788"),
    gatewayUrl: httpUrl("GANTRY_GATEWAY_URL", "http://127.0.0.1:8787"),
    revision: optionalText("GANTRY_REVISION"),
    logLevel: logLevel("GANTRY_LOG_LEVEL", "info"),
  }));
}
