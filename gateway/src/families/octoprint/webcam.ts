// Which address shows OctoPrint's webcam, by its settings. Pure. Facts: OctoPrint's settings and
// webcam manuals, and the settings of 1.11.8.

import { fields, list, text, type Fields } from "./codec.ts";
import { baseOf } from "./rest.ts";

export interface Webcam {
  /** An MJPEG stream; null where there is none that is http. */
  readonly stream: string | null;
  /** One picture a request. */
  readonly snapshot: string | null;
  /** How OctoPrint's page turns the picture: "rotated 90° counter-clockwise", "flipped horizontally". */
  readonly turned: readonly string[];
}

/** By `/api/settings`; null where no webcam is set up or it is switched off. */
export function webcamOf(settings: Fields, url: string): Webcam | null {
  const flat = fields(settings["webcam"]);
  if (flat["webcamEnabled"] === false) return null;
  const webcams = list(flat["webcams"]);
  const named = (key: string): Fields => webcams.find(({ name }) => name === flat[key]) ?? webcams[0] ?? {};
  const shown = named("defaultWebcam");
  const stream = text(fields(shown["compat"])["stream"]) ?? text(flat["streamUrl"]);
  const snapshot = text(fields(named("snapshotWebcam")["compat"])["snapshot"]) ?? text(flat["snapshotUrl"]);
  const webcam = {
    stream: reachable(stream, url),
    snapshot: reachable(snapshot, url),
    turned: turnsOf(webcams.length > 0 ? shown : flat),
  };
  return webcam.stream === null && webcam.snapshot === null ? null : webcam;
}

/**
 * The address as it is reached from here: a relative one belongs to the page OctoPrint shows, and
 * loopback means the machine that OctoPrint runs on. HLS and WebRTC carry no JPEG pictures.
 */
function reachable(address: string | null, url: string): string | null {
  const found = address === null ? null : URL.parse(address, `${baseOf(url)}/`);
  if (found === null || !/^https?:$/u.test(found.protocol) || found.pathname.endsWith(".m3u8")) return null;
  const server = new URL(url);
  if (isLoopback(found.hostname) && !isLoopback(server.hostname)) found.hostname = server.hostname;
  return found.href;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}

function turnsOf({ rotate90, flipH, flipV }: Fields): string[] {
  return [
    ...(rotate90 === true ? ["rotated 90° counter-clockwise"] : []),
    ...(flipH === true ? ["flipped horizontally"] : []),
    ...(flipV === true ? ["flipped vertically"] : []),
  ];
}
