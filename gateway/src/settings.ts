// The gateway's environment, checked: every fault at once.

import { logLevels, type LogLevel } from "@gantry/platform/log";
import * as z from "zod";

const port = z.coerce.number().int().min(0).max(65_535);

/** Defaults are those of docs/configuration.md. */
const schema = z.object({
  GANTRY_INVENTORY: z.string().min(1).default("config/printers.yaml"),
  GANTRY_DATA_DIR: z.string().min(1).default("data"),
  GANTRY_DEMO_INVENTORY: z.string().min(1).optional(),
  GANTRY_HTTP_HOST: z.string().min(1).default("0.0.0.0"),
  GANTRY_HTTP_PORT: port.default(8787),
  GANTRY_RTSP_PORT: port.default(8554),
  GANTRY_WEBRTC_PORT: port.default(8889),
  GANTRY_HLS_PORT: port.default(8888),
  GANTRY_BRIDGE_URL: z.url({ protocol: /^https?$/u }).default("http://127.0.0.1:8788"),
  GANTRY_GATEWAY_URL: z.url({ protocol: /^https?$/u }).default("http://127.0.0.1:8787"),
  GANTRY_REVISION: z.string().min(1).optional(),
  GANTRY_LOG_LEVEL: z.enum(logLevels).default("info"),
});

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

/** A variable that cannot be used; the message names each one and what is legal. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** @throws SettingsError */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const read = schema.safeParse(given);
  if (!read.success) {
    throw new SettingsError(read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"));
  }
  const { data } = read;
  return {
    inventory: data.GANTRY_INVENTORY,
    demoInventory: data.GANTRY_DEMO_INVENTORY,
    dataFolder: data.GANTRY_DATA_DIR,
    httpHost: data.GANTRY_HTTP_HOST,
    httpPort: data.GANTRY_HTTP_PORT,
    rtspPort: data.GANTRY_RTSP_PORT,
    webrtcPort: data.GANTRY_WEBRTC_PORT,
    hlsPort: data.GANTRY_HLS_PORT,
    bridgeUrl: data.GANTRY_BRIDGE_URL,
    gatewayUrl: data.GANTRY_GATEWAY_URL,
    revision: data.GANTRY_REVISION,
    logLevel: data.GANTRY_LOG_LEVEL,
  };
}
