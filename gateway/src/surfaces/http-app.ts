// All HTTP surfaces in one express app: what is the same for every request, in the order it
// matters. Listening is main.ts's business.

import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { usualBridge, type BridgeAddress } from "../camera/bridge-pictures.ts";
import { PrinterError } from "../model/errors.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { CameraAccess, openToAll, type AccessSource } from "./camera-access.ts";
import { guard } from "./guard.ts";
import { requestError, sendProblem } from "./problem.ts";
import { startMcp } from "./mcp/mcp.ts";
import { startMetrics } from "./metrics/metrics.ts";
import { startRest, type RestOptions } from "./rest/rest.ts";
import type { SurfaceOptions } from "./surface.ts";
import type { BrowserPorts } from "./web/page.ts";
import { startWeb } from "./web/web.ts";

const defaultRtspPort = 8554;

export interface HttpAppOptions extends Omit<RestOptions, "cameraAccess" | "bridge"> {
  /** Names, besides addresses and local names, that the gateway answers to; read at each request. */
  readonly allowedHosts: () => readonly string[];
  /** Who may look through the cameras; everybody by default. */
  readonly access?: AccessSource;
  /** Where the bridge is found, which keeps recordings; its usual place by default. */
  readonly bridge?: BridgeAddress;
  /** Port of the RTSP server, for the addresses that are shown; 8554 by default. */
  readonly rtspPort?: number;
  /** Ports of video for browsers; by default there is none. */
  readonly browserPorts?: () => BrowserPorts;
  /** Commit the product was built from, where that is known. */
  readonly revision?: string;
}

/** Dispose ends every open stream and session; requests after it are answered 503. */
export interface HttpApp extends AsyncDisposable {
  readonly handler: express.Express;
}

export function createHttpApp(fleet: Fleet, options: HttpAppOptions): HttpApp {
  const { access: source = openToAll, bridge = usualBridge } = options;
  const cameraAccess = new CameraAccess({ ...options, source });
  const rest = startRest(fleet, { ...options, cameraAccess, bridge });
  const mcp = startMcp(fleet, { ...options, cameraAccess });
  const { version, revision = "unknown" } = options;
  const facts = { version, revision, sseClients: () => rest.sseClients, mcpSessions: () => mcp.sessions };
  const { rtspPort = defaultRtspPort, browserPorts = () => ({ webrtc: undefined, hls: undefined }) } = options;
  const web = startWeb(fleet, { ...options, cameraAccess, bridge, rtspPort, browserPorts });
  const metrics = startMetrics(fleet, { ...options, facts });
  const surfaces = [rest, mcp, metrics, web];
  let closing = false;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(metrics.measure, headers, (_request, _response, next) => {
    if (closing) throw new PrinterError("unreachable", "the gateway is shutting down");
    next();
  });
  app.use(guard(options.allowedHosts));
  for (const surface of surfaces) app.use(surface.router);
  app.use((request) => {
    throw new PrinterError("not_found", `there is nothing at ${request.path}`);
  });
  app.use(lastResort(options));
  return {
    handler: app,
    [Symbol.asyncDispose]: async () => {
      closing = true;
      cameraAccess[Symbol.dispose]();
      await Promise.all(surfaces.map(async (surface) => surface[Symbol.asyncDispose]()));
    },
  };
}

const headers: RequestHandler = (_request, response, next) => {
  response.set({ "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer" });
  next();
};

function lastResort({ log }: Pick<SurfaceOptions, "log">): ErrorRequestHandler {
  return (thrown, request, response, _next) => {
    const error = requestError(thrown);
    if (error.code === "internal")
      log.error("a request failed", { error: thrown, method: request.method, path: request.path });
    sendProblem(response, error);
  };
}
