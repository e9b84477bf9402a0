// What the bridge keeps of a camera, for who may look through that camera: listed, and relayed in the parts that a
// player asks for. The bridge has the files, and is not reached by every browser that reaches the gateway.

import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import { listKept, openKept, shelves, type Shelf } from "../../camera/bridge-library.ts";
import type { BridgeAddress } from "../../camera/bridge-pictures.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { admit } from "../admit.ts";
import type { CameraAccess } from "../camera-access.ts";
import { parameter, requestSignal, tokenParameter, type Route } from "../route.ts";

export interface KeptOptions {
  readonly bridge: BridgeAddress;
  readonly cameraAccess: CameraAccess;
  /** Aborts when the surface ends. */
  readonly surface: AbortSignal;
}

/** The longest time in which nothing moves; a paused player asks again for what it misses, ms. */
const standstillMs = 120_000;

/** What a client says of the part it wants, and what is said to it of the part it gets. */
const asks = ["range", "if-range"] as const;
const tells = ["type", "length", "range", "disposition"].map((name) => `content-${name}`);
const answers = [...tells, "accept-ranges", "etag", "last-modified"];

const words: Readonly<Record<Shelf, { readonly many: string; readonly name: string }>> = {
  recordings: { many: "Recordings of the printer's camera", name: "Recording" },
  timelapses: { many: "Films that were made of the printer's jobs", name: "Timelapse" },
};

export function keptRoutes(fleet: Fleet, options: KeptOptions): Route[] {
  return shelves.flatMap((shelf) => [listRoute(fleet, shelf, options), fileRoute(fleet, shelf, options)]);
}

function listRoute(fleet: Fleet, shelf: Shelf, { bridge, cameraAccess, surface }: KeptOptions): Route {
  return {
    method: "get",
    path: `/api/v1/printers/{id}/${shelf}`,
    operationId: `listKept${words[shelf].name}s`,
    summary: `${words[shelf].many}, newest first, as the RTSP bridge keeps them.`,
    query: [tokenParameter],
    answers: { "200": { type: "application/json", schema: "Kept", description: "The list." } },
    errors: ["unauthorized", "not_found", "rate_limited", "unreachable"],
    handle: async (request, response) => {
      using admission = admit(cameraAccess, request, response);
      const { id: printer } = fleet.get(parameter(request, "id"));
      const signal = AbortSignal.any([requestSignal(response, surface), admission.signal]);
      response.json({ items: await listKept(bridge, { shelf, printer, signal }) });
    },
  };
}

function fileRoute(fleet: Fleet, shelf: Shelf, { bridge, cameraAccess, surface }: KeptOptions): Route {
  return {
    method: "get",
    path: `/api/v1/printers/{id}/${shelf}/{item}`,
    operationId: `getKept${words[shelf].name}`,
    summary: "The MP4, or with `Range` a part of it (206).",
    query: [tokenParameter],
    answers: { "200": { type: "video/mp4", description: "The file." } },
    errors: ["unauthorized", "not_found", "rate_limited", "unreachable"],
    handle: async (request, response) => {
      using admission = admit(cameraAccess, request, response);
      const { id: printer } = fleet.get(parameter(request, "id"));
      const signal = AbortSignal.any([requestSignal(response, surface), admission.signal]);
      const method = request.method === "HEAD" ? "HEAD" : "GET";
      const asked = {
        shelf,
        printer,
        id: parameter(request, "item"),
        method,
        headers: wanted(request),
        signal,
      } as const;
      await relay(await openKept(bridge, asked), response);
    },
  };
}

function wanted({ headers }: Request): Record<string, string> {
  return Object.fromEntries(
    asks.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );
}

/** As fast as the client takes it; ends with whichever end goes away first. */
async function relay(kept: IncomingMessage, response: Response): Promise<void> {
  response.status(kept.statusCode ?? 200);
  for (const name of answers) if (kept.headers[name] !== undefined) response.setHeader(name, kept.headers[name]);
  response.setTimeout(standstillMs);
  await pipeline(kept, response).catch(() => response.destroy());
}
