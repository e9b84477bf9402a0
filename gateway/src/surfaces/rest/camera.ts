// A printer's camera over HTTP: one picture, or a stream of them. Who looks at once shares one
// upstream connection; that is the hub's business.

import type { Response } from "express";
import { writeMultipart } from "../../camera/multipart.ts";
import type { ViewerKind } from "../../camera/hub.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { PrinterError } from "../../model/errors.ts";
import { admit } from "../admit.ts";
import type { CameraAccess } from "../camera-access.ts";
import { parameter, query, requestSignal, tokenParameter, type Route } from "../route.ts";

const snapshotMaxAgeMs = 2000;

/** Cameras that must be opened first take some seconds; Home Assistant gives up after ten. */
const snapshotTimeoutMs = 8000;

export function cameraRoutes(fleet: Fleet, access: CameraAccess, surface: AbortSignal): Route[] {
  return [
    {
      method: "get",
      path: "/api/v1/printers/{id}/camera",
      operationId: "getCamera",
      summary: "What the camera sends: pictures, or H.264 of its own and where the bridge finds it. Without secrets.",
      answers: { "200": { type: "application/json", schema: "Camera", description: "The kind of camera." } },
      errors: ["not_found", "unreachable"],
      handle: async (request, response) => {
        const video = await fleet.video(parameter(request, "id"), requestSignal(response, surface));
        if (video === null) return void response.json({ kind: "pictures" });
        const { url, username, passwordKey, certificateSha256 } = video;
        response.json({ kind: "video", url, username, passwordKey, certificateSha256 });
      },
    },
    {
      method: "get",
      path: "/api/v1/printers/{id}/snapshot.jpg",
      operationId: "getSnapshot",
      summary: "A picture of the printer's camera, younger than 2 seconds.",
      answers: { "200": { type: "image/jpeg", description: "The picture." } },
      query: [tokenParameter],
      errors: ["unauthorized", "not_found", "rate_limited", "unreachable"],
      handle: async (request, response) => {
        using admission = admit(access, request, response);
        const hub = fleet.camera(parameter(request, "id"));
        response.set("Cache-Control", "no-store").type("image/jpeg");
        if (request.method === "HEAD") return void response.end();
        const signal = AbortSignal.any([requestSignal(response, surface), admission.signal]);
        const frame = await hub.snapshot({ maxAgeMs: snapshotMaxAgeMs, timeoutMs: snapshotTimeoutMs, signal });
        response.set("Content-Length", String(frame.jpeg.byteLength)).end(frame.jpeg);
      },
    },
    {
      method: "get",
      path: "/api/v1/printers/{id}/camera.mjpeg",
      operationId: "watchCamera",
      summary:
        "The printer's camera as an endless stream of JPEG pictures; 503 with the reason when the first does not come.",
      query: [
        {
          name: "viewer",
          description: "`rtsp` when the RTSP bridge looks, for the count of viewers.",
          schema: { type: "string", enum: ["mjpeg", "rtsp"], default: "mjpeg" },
        },
        tokenParameter,
      ],
      answers: {
        "200": { type: "multipart/x-mixed-replace", description: "Parts of image/jpeg with Content-Length." },
      },
      errors: ["unauthorized", "not_found", "rate_limited", "unreachable"],
      handle: async (request, response) => {
        using admission = admit(access, request, response);
        const kind = viewerKind(query(request, "viewer"));
        const hub = fleet.camera(parameter(request, "id"));
        if (request.method === "HEAD") return endHead(response);
        const signal = AbortSignal.any([requestSignal(response, surface), admission.signal]);
        // Nothing is settled before the first picture: until then a camera that fails is told as a problem.
        await writeMultipart(response, await hub.watch({ kind, signal }), signal);
      },
    },
  ];
}

function viewerKind(viewer: string | undefined): ViewerKind {
  if (viewer === undefined || viewer === "mjpeg" || viewer === "rtsp") return viewer ?? "mjpeg";
  throw new PrinterError("invalid_input", "viewer takes mjpeg or rtsp");
}

function endHead(response: Response): void {
  response.set("Cache-Control", "no-store").set("Content-Type", "multipart/x-mixed-replace").end();
}
