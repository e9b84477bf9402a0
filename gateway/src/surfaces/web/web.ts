// The web page. It shows and links; it has no buttons that change a printer.

import { join } from "node:path";
import express, { Router, type Request, type Response } from "express";
import type { Fleet } from "../../fleet/fleet.ts";
import { listKept, type Shelf } from "../../camera/bridge-library.ts";
import type { BridgeAddress } from "../../camera/bridge-pictures.ts";
import { admit } from "../admit.ts";
import type { CameraAccess } from "../camera-access.ts";
import { mount, parameter, requestSignal, tagRoute, type Route } from "../route.ts";
import type { HttpSurface, SurfaceOptions } from "../surface.ts";
import { readings } from "./card.ts";
import { kept } from "./kept.ts";
import { page, type BrowserPorts } from "./page.ts";

export interface WebOptions extends SurfaceOptions {
  readonly cameraAccess: CameraAccess;
  /** Keeps recordings. */
  readonly bridge: BridgeAddress;
  readonly rtspPort: number;
  /** Read at each request, as the inventory has them then. */
  readonly browserPorts: () => BrowserPorts;
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

export function startWeb(fleet: Fleet, options: WebOptions): HttpSurface {
  const { version, rtspPort, browserPorts, cameraAccess, bridge } = options;
  const router = Router();
  const end = new AbortController();
  mount(router, [
    view("/", (request) => page(fleet, { version, rtspPort, browserPorts: browserPorts(), host: hostOf(request) })),
    view("/ui/cards/{id}", (request) => readings(fleet.get(parameter(request, "id"))).text),
    view("/ui/cards/{id}/kept", async (request, response) => {
      using admission = admit(cameraAccess, request, response);
      const { id: printer } = fleet.get(parameter(request, "id"));
      const signal = AbortSignal.any([requestSignal(response, end.signal), admission.signal]);
      const list = async (shelf: Shelf) => listKept(bridge, { shelf, printer, signal });
      const [films, recordings] = await Promise.all([list("timelapses"), list("recordings")]);
      return kept(printer, films, recordings).text;
    }),
  ]);
  const files = express.static(join(import.meta.dirname, "static"), { index: false, redirect: false });
  router.use("/ui", (request, response, next) => {
    tagRoute(response, "/ui/{file}");
    files(request, response, next);
  });
  return { router, [Symbol.asyncDispose]: async () => end.abort() };
}

type Render = (request: Request, response: Response) => string | Promise<string>;

function view(path: string, render: Render): Route {
  const handle = async (request: Request, response: Response): Promise<void> => {
    response.set({ "Content-Security-Policy": policy, "Cache-Control": "no-store" });
    const text = await render(request, response);
    response.type("text/html").send(text);
  };
  return { method: "get", path, operationId: path, summary: "Web page", answers: {}, handle };
}

function hostOf(request: Request): string {
  const url = `http://${request.headers.host ?? ""}`;
  return URL.canParse(url) ? new URL(url).hostname : "localhost";
}
