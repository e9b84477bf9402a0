// The web page. It shows and links; it has no buttons that change a printer.

import { join } from "node:path";
import express, { Router, type Request, type Response } from "express";
import type { Fleet } from "../../fleet/fleet.ts";
import { mount, parameter, tagRoute, type Route } from "../route.ts";
import type { HttpSurface, SurfaceOptions } from "../surface.ts";
import { readings } from "./card.ts";
import { page, type BrowserPorts } from "./page.ts";

export interface WebOptions extends SurfaceOptions {
  readonly rtspPort: number;
  /** Read at each request, as the inventory has them then. */
  readonly browserPorts: () => BrowserPorts;
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

export function startWeb(fleet: Fleet, { version, rtspPort, browserPorts }: WebOptions): HttpSurface {
  const router = Router();
  mount(router, [
    view("/", (request) => page(fleet, { version, rtspPort, browserPorts: browserPorts(), host: hostOf(request) })),
    view("/ui/cards/{id}", (request) => readings(fleet.get(parameter(request, "id"))).text),
  ]);
  const files = express.static(join(import.meta.dirname, "static"), { index: false, redirect: false });
  router.use("/ui", (request, response, next) => {
    tagRoute(response, "/ui/{file}");
    files(request, response, next);
  });
  return { router, [Symbol.asyncDispose]: async () => undefined };
}

function view(path: string, render: (request: Request) => string): Route {
  const handle = (request: Request, response: Response): void => {
    response.set({ "Content-Security-Policy": policy, "Cache-Control": "no-store" });
    response.type("text/html").send(render(request));
  };
  return { method: "get", path, operationId: path, summary: "Web page", answers: {}, handle };
}

function hostOf(request: Request): string {
  const url = `http://${request.headers.host ?? ""}`;
  return URL.canParse(url) ? new URL(url).hostname : "localhost";
}
