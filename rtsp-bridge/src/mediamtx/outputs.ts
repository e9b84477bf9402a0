// What MediaMTX serves besides RTSP: WebRTC and HLS for browsers, RTSP over TLS. Each is off until
// the inventory asks for it, and stays off, with the reason, where it cannot be: RTSP goes on.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { BridgeSettings } from "@gantry/config";
import { MediamtxError } from "./errors.ts";
import { requireFreePort, requireFreeUdpPort } from "./ports.ts";

/** Settings of MediaMTX that are not of one path, by their names there. */
export type GlobalConfig = Readonly<Record<string, unknown>>;

export interface OutputPorts {
  readonly webrtc: number;
  /** Where the pictures of WebRTC come from. */
  readonly webrtcUdp: number;
  readonly hls: number;
  readonly rtsps: number;
}

export interface OutputOptions {
  /** Address to serve on; undefined: all of them. */
  readonly host: string | undefined;
  readonly ports: OutputPorts;
  /** Folder of the inventory, where relative paths start. */
  readonly folder: string;
  /** What is served now: its ports are taken by MediaMTX itself. */
  readonly running: GlobalConfig;
}

export interface Outputs {
  readonly config: GlobalConfig;
  /** Why something that was asked for is not served, in words. */
  readonly problems: readonly string[];
}

/** Nothing but RTSP. */
export const noOutputs: GlobalConfig = { webrtc: false, hls: false, rtspEncryption: "no" };

type Wanted = Pick<BridgeSettings, "webrtc" | "webrtcHosts" | "hls" | "allowedOrigins" | "rtsps">;

export async function planOutputs(wanted: Wanted, options: OutputOptions): Promise<Outputs> {
  const { host = "", ports, running } = options;
  const problems: string[] = [];
  const webrtc = wanted.webrtc && (running["webrtc"] === true || (await takes(problems, webrtcPorts(options))));
  const hls = wanted.hls && (running["hls"] === true || (await takes(problems, [tcp(options, "HLS", ports.hls)])));
  const rtsps = await planRtsps(wanted.rtsps, options, problems);
  const config: GlobalConfig = {
    ...noOutputs,
    ...(webrtc
      ? {
          webrtc,
          webrtcAddress: `${host}:${ports.webrtc}`,
          webrtcLocalUDPAddress: `${host}:${ports.webrtcUdp}`,
          webrtcAdditionalHosts: wanted.webrtcHosts,
          webrtcAllowOrigins: wanted.allowedOrigins,
        }
      : {}),
    ...(hls ? { hls, hlsAddress: `${host}:${ports.hls}`, hlsAllowOrigins: wanted.allowedOrigins } : {}),
    ...rtsps,
  };
  return { config, problems };
}

/** Kinds of viewers' sessions that the control API then lists. */
export function sessionKinds(config: GlobalConfig): string[] {
  return [
    "rtspsessions",
    ...(config["rtspEncryption"] === "no" ? [] : ["rtspssessions"]),
    ...(config["webrtc"] === true ? ["webrtcsessions"] : []),
    ...(config["hls"] === true ? ["hlssessions"] : []),
  ];
}

async function planRtsps(files: Wanted["rtsps"], options: OutputOptions, problems: string[]): Promise<GlobalConfig> {
  if (files === null) return {};
  const { host = "", ports, folder, running } = options;
  const certificate = resolve(folder, files.certificateFile);
  const key = resolve(folder, files.keyFile);
  const isOn = running["rtspEncryption"] === "optional";
  const checks = [checkPair(certificate, key), ...(isOn ? [] : [tcp(options, "RTSPS", ports.rtsps)])];
  if (!(await takes(problems, checks))) return {};
  return {
    rtspEncryption: "optional",
    rtspsAddress: `${host}:${ports.rtsps}`,
    rtspServerCert: certificate,
    rtspServerKey: key,
  };
}

/** MediaMTX would end with a pair that it cannot use. */
async function checkPair(certificateFile: string, keyFile: string): Promise<void> {
  try {
    const [certificate, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new MediamtxError("refused", `RTSPS stays off: its certificate or key cannot be used: ${words}`, {
      cause: error,
    });
  }
  throw new MediamtxError("refused", "RTSPS stays off: bridge.rtsps names a key that is not the certificate's");
}

function webrtcPorts(options: OutputOptions): Promise<void>[] {
  const { webrtc, webrtcUdp } = options.ports;
  return [
    tcp(options, "WebRTC", webrtc),
    requireFreeUdpPort(options.host, webrtcUdp, { name: "WebRTC", variable: "GANTRY_WEBRTC_UDP_PORT" }),
  ];
}

async function tcp({ host }: OutputOptions, name: "WebRTC" | "HLS" | "RTSPS", port: number): Promise<void> {
  await requireFreePort(host, port, { name, variable: `GANTRY_${name.toUpperCase()}_PORT` });
}

/** True when every check passes; the reasons of those that do not are told. */
async function takes(problems: string[], checks: readonly Promise<void>[]): Promise<boolean> {
  const faults = (await Promise.allSettled(checks)).flatMap((check) =>
    check.status === "rejected" ? [check.reason instanceof Error ? check.reason.message : String(check.reason)] : [],
  );
  problems.push(...faults);
  return faults.length === 0;
}
