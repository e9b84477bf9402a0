// The bridge over HTTP: health, readiness, metrics, streams. It only reads.

import type { Log } from "@gantry/platform/log";
import express, { type ErrorRequestHandler, type Express } from "express";
import type { Registry } from "prom-client";
import type { StreamStatus } from "../streams/streams.ts";
import { sendProblem } from "./problem.ts";

export interface AppOptions {
  readonly streams: () => readonly StreamStatus[];
  readonly mediamtxUp: () => boolean;
  /** Why the bridge cannot do its work, in words; empty: it can. */
  readonly unready: () => readonly string[];
  readonly metrics: Registry;
  readonly log: Log;
}

export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by").disable("etag");
  app.use((_request, response, next) => {
    response.set({ "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" });
    next();
  });
  app.get("/healthz", (_request, response) => {
    response.json({ status: "ok", mediamtx: options.mediamtxUp() ? "up" : "down" });
  });
  app.get("/readyz", (_request, response) => {
    const reasons = options.unready();
    response.status(reasons.length === 0 ? 200 : 503);
    response.json(reasons.length === 0 ? { status: "ready" } : { status: "not ready", reasons });
  });
  app.get("/metrics", async (_request, response) => {
    const text = await options.metrics.metrics();
    response.set("Content-Type", options.metrics.contentType).send(text);
  });
  app.get("/api/v1/streams", (_request, response) => {
    response.json({ items: options.streams() });
  });
  app.get("/api/v1/streams/:id", (request, response) => {
    const { id } = request.params;
    const stream = options.streams().find((known) => known.id === id);
    if (stream === undefined) sendProblem(response, "not_found", `There is no stream "${id}".`, id);
    else response.json(stream);
  });
  app.use((request, response) => sendProblem(response, "not_found", `There is no ${request.method} ${request.path}.`));
  app.use(onError(options.log));
  return app;
}

function onError(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = (error as { status?: unknown } | null)?.status;
    if (typeof status === "number" && status < 500) {
      sendProblem(response, "invalid_input", "The address cannot be decoded.");
      return;
    }
    log.error("a request failed", { method: request.method, path: request.path, error });
    sendProblem(response, "internal", "The bridge could not answer; its log says why.");
  };
}
