// REST, server-sent events, health and the OpenAPI document: the gateway's plain HTTP.

import { Router } from "express";
import type { BridgeAddress } from "../../camera/bridge-pictures.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { CameraAccess } from "../camera-access.ts";
import { expressPath, mount } from "../route.ts";
import type { HttpSurface, SurfaceOptions } from "../surface.ts";
import { cameraRoutes } from "./camera.ts";
import { commandPath, commandRoute, readBody } from "./commands.ts";
import { EventStream } from "./events.ts";
import { fileRoutes } from "./files.ts";
import { healthRoutes } from "./health.ts";
import { keptRoutes } from "./kept.ts";
import { openApiRoute } from "./openapi.ts";
import { printerRoutes } from "./printers.ts";

export interface RestSurface extends HttpSurface {
  /** Open event streams. */
  readonly sseClients: number;
}

export interface RestOptions extends SurfaceOptions {
  readonly cameraAccess: CameraAccess;
  /** Keeps recordings. */
  readonly bridge: BridgeAddress;
  /** Where uploads wait for their way to the printer; created when needed. */
  readonly spoolFolder: string;
  /** 2 GiB by default. */
  readonly maxUploadBytes?: number;
}

export function startRest(fleet: Fleet, options: RestOptions): RestSurface {
  const router = Router();
  const end = new AbortController();
  const events = new EventStream(fleet, options);
  const routes = [
    ...healthRoutes(fleet),
    ...printerRoutes(fleet),
    ...cameraRoutes(fleet, options.cameraAccess, end.signal),
    ...keptRoutes(fleet, { ...options, surface: end.signal }),
    commandRoute(fleet, end.signal),
    ...fileRoutes(fleet, { ...options, surface: end.signal }),
    events.route,
  ];
  router.use("/api", (_request, response, next) => {
    response.set("Cache-Control", "no-store");
    next();
  });
  router.post(expressPath(commandPath), readBody);
  mount(router, [...routes, openApiRoute(fleet, options, routes)]);
  return {
    router,
    get sseClients() {
      return events.clients;
    },
    [Symbol.asyncDispose]: async () => {
      end.abort();
      events[Symbol.dispose]();
    },
  };
}
