// Moonraker's list of webcams → where pictures can be had that a gateway can read: MJPEG, else
// stills. Pure. Facts: Moonraker docs/configuration.md [webcam], the endpoints of camera-streamer
// and go2rtc, and the web pages Mainsail and Fluidd, which read the same list.

import { text, type Fields } from "./codec.ts";

/** What can be shown of one webcam. At least one of them is there. */
export interface Webcam {
  readonly name: string;
  /** MJPEG. */
  readonly stream: URL | undefined;
  /** One JPEG a request. */
  readonly still: URL | undefined;
}

/** The `service` of a webcam → its MJPEG address, from its stream's. Left out: it has none. */
const mjpegOf: Readonly<Record<string, (stream: string) => string | undefined>> = {
  mjpegstreamer: (stream) => stream,
  "mjpegstreamer-adaptive": (stream) => stream,
  "uv4l-mjpeg": (stream) => stream,
  ipstream: (stream) => (/^rtsp/iu.test(stream) ? undefined : stream),
  // camera-streamer serves the same picture as WebRTC under /webrtc and as MJPEG under /stream.
  "webrtc-camerastreamer": (stream) => replaced(stream, /\/webrtc\/?(?=$|\?)/u, "/stream"),
  // go2rtc's page, socket and WHEP addresses all name the source in `src`.
  "webrtc-go2rtc": (stream) =>
    replaced(
      stream,
      /\/(?:stream\.html|webrtc\.html|api\/ws|api\/webrtc|api\/stream\.mjpeg)?\/?(?=\?.*\bsrc=)/u,
      "/api/stream.mjpeg",
    ),
};

function replaced(address: string, part: RegExp, by: string): string | undefined {
  return part.test(address) ? address.replace(part, by) : undefined;
}

/**
 * The first enabled webcam whose pictures can be read; undefined where there is none.
 * @param moonraker address of Moonraker, which relative addresses are not relative to
 */
export function chooseWebcam(webcams: readonly Fields[], moonraker: URL): Webcam | undefined {
  for (const webcam of webcams) {
    if (webcam["enabled"] === false) continue;
    const service = text(webcam["service"]) ?? "mjpegstreamer";
    const stream = text(webcam["stream_url"]);
    const usable = {
      name: text(webcam["name"]) ?? "webcam",
      stream: resolved(stream === null ? undefined : mjpegOf[service]?.(stream), moonraker),
      still: resolved(text(webcam["snapshot_url"]) ?? undefined, moonraker),
    };
    if (usable.stream !== undefined || usable.still !== undefined) return usable;
  }
  return undefined;
}

/**
 * Relative addresses are the web page's, on its own port: Moonraker's is 7125, or 7130 with TLS.
 * `localhost` is the printer's, not ours.
 */
function resolved(address: string | undefined, moonraker: URL): URL | undefined {
  if (address === undefined) return undefined;
  const page = new URL("/", moonraker);
  if (page.port === "7125" || page.port === "7130") page.port = "";
  const url = URL.parse(address, page.href);
  if (url === null || !/^https?:$/u.test(url.protocol)) return undefined;
  if (/^(?:localhost|127\.0\.0\.1|\[::1\])$/u.test(url.hostname)) url.hostname = moonraker.hostname;
  return url;
}
